/** Transactions of which none loses a race by waiting in a wrong way. */
import {type Kysely, sql} from 'kysely';
import type {Dialect} from './dialect.js';

const BUSY_TIMEOUT_MS = 10_000;
const MAX_PAUSE_MS = 20;

const isBusy = (error: unknown): boolean =>
  String((error as any)?.code).startsWith('SQLITE_BUSY');

/** Tries until nobody else is writing. */
const runWhenFree = async (db: Kysely<any>, command: string): Promise<void> => {
  const deadline = performance.now() + BUSY_TIMEOUT_MS;
  for (let pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
    try {
      await sql.raw(command).execute(db);
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) {
        throw error;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
};

/**
 * SQLite's own way to wait would block the process, and with it another writer in
 * there. A transaction that locks only when it writes would fail where another
 * has written since it began.
 */
const transactSqlite = <Result>(
  db: Kysely<any>,
  act: (trx: Kysely<any>) => Promise<Result>,
): Promise<Result> =>
  db.connection().execute(async (connection) => {
    const {rows} = await sql<{
      timeout: number;
    }>`pragma busy_timeout`.execute(connection);
    await sql`pragma busy_timeout = 0`.execute(connection);
    try {
      try {
        await runWhenFree(connection, 'begin immediate');
        const result = await act(connection);
        await runWhenFree(connection, 'commit');
        return result;
      } catch (error) {
        // Some errors have rolled back already; the first one is what to tell.
        await sql`rollback`.execute(connection).catch(() => {});
        throw error;
      }
    } finally {
      const timeoutMs = rows[0]?.timeout ?? 0;
      await sql.raw(`pragma busy_timeout = ${timeoutMs}`).execute(connection);
    }
  });

/** Runs it in a transaction, which is rolled back where it throws. */
export const transact = <Result>(
  db: Kysely<any>,
  {name}: Pick<Dialect, 'name'>,
  act: (trx: Kysely<any>) => Promise<Result>,
): Promise<Result> =>
  name == 'sqlite'
    ? transactSqlite(db, act)
    : // MySQL's usual level locks gaps, in which those who wait meet deadlocks.
      db.transaction().setIsolationLevel('read committed').execute(act);
