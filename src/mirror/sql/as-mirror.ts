/** What the mirror writes itself is not captured as an edit of others. */
import {type Kysely, sql} from 'kysely';
import type {Dialect} from './dialect.js';

/** PostgreSQL's: a setting that ends with the transaction. */
export const POSTGRES_FLAG = 'tinybase_partykit.mirror';
/** MySQL's: a variable of the session. */
export const MYSQL_FLAG = '@tinybase_partykit_mirror';

const MAX_ATTEMPTS = 3;

/** A session that is used on must not stay the mirror's. */
const resetMysql = async (trx: Kysely<any>): Promise<void> => {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    try {
      await sql.raw(`set ${MYSQL_FLAG} = null`).execute(trx);
      return;
    } catch {
      // The connection is lost, and the session with it; or tried again.
    }
  }
};

/**
 * Runs it in a transaction, as the mirror. `writer` is a table in which SQLite has a
 * row as long as that lasts.
 */
export const runAsMirror = async <Result>(
  trx: Kysely<any>,
  {name, getRef}: Dialect,
  {writer, act}: {writer: string; act: () => Promise<Result>},
): Promise<Result> => {
  if (name == 'postgres') {
    await sql`select set_config(${POSTGRES_FLAG}, 'on', true)`.execute(trx);
    return act();
  }
  if (name == 'mysql') {
    await sql.raw(`set ${MYSQL_FLAG} = 1`).execute(trx);
    try {
      return await act();
    } finally {
      await resetMysql(trx);
    }
  }
  await sql`insert into ${getRef(writer)} (id) values (1)`.execute(trx);
  const result = await act();
  await sql`delete from ${getRef(writer)}`.execute(trx);
  return result;
};
