import {sql} from 'kysely';
import {SQLITE_CAPTURE} from './capture-sqlite.js';
import type {Dialect} from './dialect.js';
import {updateFromExcluded} from './excluded.js';
import {toWellFormed} from './keys.js';
import {writeNumbersAsText} from './number-texts.js';
import {transact} from './transact.js';

export const SQLITE: Dialect = {
  name: 'sqlite',
  types: {
    id: sql`text`,
    text: sql`text`,
    json: sql`text`,
    integer: sql`integer`,
    serial: sql`integer`,
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
  listRelations: async (db) => {
    const {rows} = await sql<{name: string}>`
      select name from main.sqlite_schema`.execute(db);
    return rows.map(({name}) => name);
  },
  runAlone: (db, _name, act) => transact(db, {name: 'sqlite'}, act),
  orNothing: () => sql`on conflict do nothing`,
  isDuplicate: () => false,
  orUpdate: updateFromExcluded,
  shareLock: sql``,
  // A column with a type changes what is put in: text '007' would be the number 7.
  // Without one each Cell has its own, and no column is made anew to be widened.
  cellTypes: {boolean: sql``, number: sql``, json: sql``, text: sql``},
  toJson: (json) => json,
  capture: SQLITE_CAPTURE,
  toBoolean: Number,
  widen: async (db, table, columns) => {
    const ref = sql.id('main', table);
    for (const {name, from} of columns) {
      const column = sql.id(name);
      if (from == 'boolean') {
        await sql`update ${ref} set ${column} = iif(${column}, 'true', 'false')
          where ${column} is not null`.execute(db);
      } else if (from == 'number') {
        // SQLite writes 1 as 1.0.
        const where = sql`typeof(${column}) in ('real', 'integer')`;
        await writeNumbersAsText(db, {
          table: ref,
          from: column,
          to: column,
          where,
        });
      }
    }
  },
};
