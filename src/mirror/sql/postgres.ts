import {type Kysely, sql} from 'kysely';
import type {Dialect} from './dialect.js';
import {toWellFormed} from './keys.js';

/** All names are given their schema: `pg_catalog` would come first. */
const createPostgres = (schema: string): Dialect => ({
  name: 'postgres',
  types: {
    id: sql`text collate "C"`,
    text: sql`text`,
    // `jsonb` refuses U+0000 and lone surrogates; `json` is the text itself.
    json: sql`json`,
    integer: sql`bigint`,
    time: sql`timestamptz`,
  },
  tableSuffix: sql``,
  maxParameters: 65_535,
  getRef: (name) => sql.id(schema, name),
  toTime: (ms) => new Date(ms).toISOString(),
  toText: (text) => toWellFormed(text).replaceAll('\0', '\uFFFD'),
  // Drivers parse JSON by themselves.
  readJson: (column) => sql`${column}::text`,
  listColumns: async (db, table) => {
    const {rows} = await sql<{name: string}>`
      select a.attname as name
      from pg_catalog.pg_attribute a
      join pg_catalog.pg_class c on c.oid = a.attrelid
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = ${schema} and c.relname = ${table}
        and a.attnum > 0 and not a.attisdropped
      order by a.attnum`.execute(db);
    return rows.map(({name}) => name);
  },
  lockTables: (trx, name) =>
    sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(
      trx,
    ),
  orNothing: () => sql`on conflict do nothing`,
  isDuplicate: () => false,
});

export const openPostgres = async (db: Kysely<any>): Promise<Dialect> => {
  const {rows} = await sql<{schema: string | null; encoding: string}>`
    select current_schema() as schema,
      current_setting('server_encoding') as encoding`.execute(db);
  const [{schema, encoding} = {schema: null, encoding: ''}] = rows;
  if (schema == null) {
    throw new Error(
      'The search_path of PostgreSQL names no schema that is there: ' +
        'create one, or set another search_path.',
    );
  }
  if (encoding != 'UTF8') {
    throw new Error(
      `The database has the encoding ${encoding}, which cannot hold all text: ` +
        "create one with ENCODING 'UTF8'.",
    );
  }
  return createPostgres(schema);
};
