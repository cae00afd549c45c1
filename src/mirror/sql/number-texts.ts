import {type Kysely, sql} from 'kysely';
import type {Sql} from './dialect.js';

const PAGE = 1_000;

/**
 * Writes numbers of a column as JavaScript does, into a column that may be the same:
 * where `where` says so, as for those that the database would write otherwise.
 */
export const writeNumbersAsText = async (
  db: Kysely<any>,
  {table, from, to, where}: {table: Sql; from: Sql; to: Sql; where: Sql},
): Promise<void> => {
  let after = sql`1 = 1`;
  for (;;) {
    const {rows} = await sql<{room: string; row_id: string; cell: unknown}>`
      select room, row_id, ${from} as cell from ${table}
      where ${where} and ${after} order by room, row_id limit ${PAGE}`.execute(
      db,
    );
    for (const {room, row_id: rowId, cell} of rows) {
      await sql`update ${table} set ${to} = ${String(Number(cell))}
        where room = ${room} and row_id = ${rowId}`.execute(db);
      after = sql`(room, row_id) > (${room}, ${rowId})`;
    }
    if (rows.length < PAGE) {
      return;
    }
  }
};
