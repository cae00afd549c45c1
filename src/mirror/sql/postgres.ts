import {type Kysely, sql} from 'kysely';
import type {Dialect, Sql} from './dialect.js';
import {updateFromExcluded} from './excluded.js';
import {replaceUnkeepable, toWellFormed} from './keys.js';
import {transact} from './transact.js';

/** A number as JavaScript writes it: 1000000 and 1e+21, 0.000001 and 1e-7. */
const toNumberText = (column: Sql): Sql => sql`case
  when ${column} is null then null
  when ${column} = 0 then '0'
  when abs(${column}) >= 1e-6 and abs(${column}) < 1e21
    then (${column}::text::numeric)::text
  else regexp_replace(${column}::text, 'e([+-])0', 'e\\1') end`;

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
  listRelations: async (db) => {
    // A table is a type, too.
    const {rows} = await sql<{name: string}>`
      select c.relname as name from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = ${schema}
      union select t.typname as name from pg_catalog.pg_type t
      join pg_catalog.pg_namespace n on n.oid = t.typnamespace
      where n.nspname = ${schema} and t.typcategory <> 'A'`.execute(db);
    return rows.map(({name}) => name);
  },
  runAlone: (db, name, act) =>
    transact(db, {name: 'postgres'}, async (trx) => {
      const lock = `tinybase-partykit:${schema}.${name}`;
      await sql`select pg_advisory_xact_lock(hashtextextended(${lock}, 0))`.execute(
        trx,
      );
      return act(trx);
    }),
  orNothing: () => sql`on conflict do nothing`,
  isDuplicate: () => false,
  orUpdate: updateFromExcluded,
  shareLock: sql`for share`,
  cellTypes: {
    boolean: sql`boolean`,
    number: sql`double precision`,
    // Not `json`, of which two cannot be compared or be in an index.
    json: sql`jsonb`,
    text: sql`text`,
  },
  toJson: replaceUnkeepable,
  toBoolean: (flag) => flag,
  widen: async (db, table, columns) => {
    const parts = columns.map(({name, from}) => {
      const column = sql.id(name);
      const text =
        from == 'number' ? toNumberText(column) : sql`${column}::text`;
      return sql`alter column ${column} type text using (${text})`;
    });
    await sql`alter table ${sql.id(schema, table)} ${sql.join(parts)}`.execute(
      db,
    );
  },
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
