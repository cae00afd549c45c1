import {sql} from 'kysely';
import type {Dialect} from './dialect.js';
import {toWellFormed} from './keys.js';

export const SQLITE: Dialect = {
  name: 'sqlite',
  types: {
    id: sql`text`,
    text: sql`text`,
    json: sql`text`,
    integer: sql`integer`,
    time: sql`text`,
  },
  tableSuffix: sql``,
  maxParameters: 32_766,
  getRef: (name) => sql.id('main', name),
  toTime: (ms) => new Date(ms).toISOString(),
  toText: toWellFormed,
  readJson: (column) => column,
  listColumns: async (db, table) => {
    const {rows} = await sql<{name: string}>`
      select name from pragma_table_info(${table}, 'main') order by cid`.execute(
      db,
    );
    return rows.map(({name}) => name);
  },
  // Its transactions begin by locking.
  lockTables: async () => {},
  orNothing: () => sql`on conflict do nothing`,
  isDuplicate: () => false,
};
