/** MySQL changes tables outside of transactions: one statement after the other. */
import {type Kysely, sql} from 'kysely';
import type {CellType} from './cell-types.js';
import type {Sql} from './dialect.js';
import {NEW_COLUMN} from './extend-catalog.js';
import {writeNumbersAsText} from './number-texts.js';

const LOCK_TIMEOUT_S = 60;

/** Nobody else runs something under the name in this database meanwhile. */
export const runWithLock = <Result>(
  db: Kysely<any>,
  name: string,
  act: (db: Kysely<any>) => Promise<Result>,
): Promise<Result> =>
  db.connection().execute(async (connection) => {
    // The server has one space for the names of locks, of 64 characters.
    const lock = sql`concat('tinybase-partykit:', sha1(concat(database(), '/', ${name})))`;
    try {
      const {rows} = await sql<{held: number | null}>`
        select get_lock(${lock}, ${LOCK_TIMEOUT_S}) as held`.execute(
        connection,
      );
      if (Number(rows[0]?.held) != 1) {
        throw new Error(
          `Another mirror has been making tables for ${LOCK_TIMEOUT_S} s.`,
        );
      }
      return await act(connection);
    } finally {
      // A connection that is lost has let go of it.
      await sql`select release_lock(${lock})`
        .execute(connection)
        .catch(() => {});
    }
  });

/** A number as JavaScript writes it, where that has no exponent. */
const toNumberText = (column: Sql): Sql => {
  const plain = sql`cast(cast(cast(${column} as char) as decimal(65, 30)) as char)`;
  return sql`case
    when ${column} = 0 then '0'
    when abs(${column}) >= 1e-6 and abs(${column}) < 1e21
      then trim(trailing '.' from trim(trailing '0' from ${plain}))
    else null end`;
};

const NEW = sql.id(NEW_COLUMN);

/**
 * Makes a column text. Its Cells are written into a new one, which then takes its
 * place in one statement: whatever crashes, it is all as before or done, and at most
 * a new one that the next attempt begins by dropping.
 */
export const widenColumn = async (
  db: Kysely<any>,
  {
    table,
    name,
    from,
    type,
  }: {table: string; name: string; from: CellType; type: Sql},
): Promise<void> => {
  const ref = sql.id(table);
  const column = sql.id(name);
  const {rows} = await sql`
    select 1 from information_schema.columns
    where table_schema = database() and table_name = ${table}
      and column_name = ${NEW_COLUMN}`.execute(db);
  if (rows.length) {
    await sql`alter table ${ref} drop column ${NEW}`.execute(db);
  }
  const text =
    from == 'number'
      ? toNumberText(column)
      : sql`case ${column} when 1 then 'true' when 0 then 'false' end`;
  await sql`alter table ${ref} add column ${NEW} ${type}`.execute(db);
  await sql`update ${ref} set ${NEW} = ${text}`.execute(db);
  if (from == 'number') {
    const where = sql`${NEW} is null and ${column} is not null`;
    await writeNumbersAsText(db, {table: ref, from: column, to: NEW, where});
  }
  await sql`alter table ${ref} drop column ${column},
    change column ${NEW} ${column} ${type}`.execute(db);
};
