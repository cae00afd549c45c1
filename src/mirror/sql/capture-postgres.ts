/** One function captures the edits of all tables: a row says what its columns are. */
import {sql} from 'kysely';
import {POSTGRES_FLAG} from './as-mirror.js';
import type {Capture} from './capture.js';

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** As the literal that `format` takes has it. */
const inFormat = (text: string): string =>
  text.replaceAll('%', '%%').replaceAll("'", "''");

export const createPostgresCapture = (schema: string): Capture => {
  const getRef = (name: string): string => `${quote(schema)}.${quote(name)}`;
  return {
    // With the rights of who made it: those who edit need none for the outbox.
    prepare: async (db, {outbox, capture}) => {
      const insert = `insert into ${getRef(outbox)}
        (room, sql_table, table_id, row_id, kind, old_cells, new_cells) values`;
      await sql
        .raw(
          `create or replace function ${getRef(capture)}() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $tinybase$
declare
  o jsonb;
  n jsonb;
  oc jsonb;
  nc jsonb;
  id_column text := tg_argv[0];
  table_column text := tg_argv[1];
begin
  if current_setting('${POSTGRES_FLAG}', true) = 'on' then
    return null;
  end if;
  if tg_op = 'TRUNCATE' then
    execute format('insert into ${inFormat(getRef(outbox))}
      (room, sql_table, table_id, row_id, kind)
      select j ->> ''room'', %L, j ->> %L, j ->> %L, ''delete''
      from (select to_jsonb(t) as j from %I.%I t) rows',
      tg_table_name, table_column, id_column, tg_table_schema, tg_table_name);
    return null;
  end if;
  if tg_op <> 'INSERT' then
    o := to_jsonb(old);
  end if;
  if tg_op <> 'DELETE' then
    n := to_jsonb(new);
  end if;
  if tg_op = 'UPDATE' and o -> 'room' = n -> 'room'
    and o -> id_column = n -> id_column
    and o -> table_column is not distinct from n -> table_column then
    select jsonb_object_agg(key, o -> key), jsonb_object_agg(key, value)
      into oc, nc from jsonb_each(n) where value is distinct from o -> key;
    if nc is not null then
      ${insert} (n ->> 'room', tg_table_name, n ->> table_column,
        n ->> id_column, 'update', oc, nc);
    end if;
    return null;
  end if;
  if o is not null then
    ${insert} (o ->> 'room', tg_table_name, o ->> table_column,
      o ->> id_column, 'delete', null, null);
  end if;
  if n is not null then
    ${insert} (n ->> 'room', tg_table_name, n ->> table_column,
      n ->> id_column, 'insert', null, n);
  end if;
  return null;
end $tinybase$`,
        )
        .execute(db);
    },
    createTriggers: (
      {name: table, idColumn, tableIdColumn = ''},
      {capture},
    ) => {
      const call = `execute function ${getRef(capture)}(${literal(idColumn)}, ${literal(tableIdColumn)})`;
      return [
        {
          event: 'update',
          create: (name) => `create trigger ${quote(name)}
            after insert or update or delete on ${getRef(table)}
            for each row ${call}`,
        },
        {
          event: 'truncate',
          create: (name) => `create trigger ${quote(name)}
            before truncate on ${getRef(table)} for each statement ${call}`,
        },
      ];
    },
    listTriggers: async (db) => {
      const {rows} = await sql<{name: string}>`
        select t.tgname as name from pg_catalog.pg_trigger t
        join pg_catalog.pg_class c on c.oid = t.tgrelid
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname = ${schema} and not t.tgisinternal`.execute(db);
      return rows.map(({name}) => name);
    },
    dropTrigger: (name, table) =>
      `drop trigger ${quote(name)} on ${getRef(table)}`,
  };
};
