/** What writes rooms to an SQL database. */
import type {Kysely} from 'kysely';
import {type Batch, createSink, type Sink} from '../sink.js';
import type {Dialect} from './dialect.js';
import {findDialect} from './dialects.js';
import {Documents, getDocumentsShape} from './documents.js';
import {getHistoryShape, writeHistory} from './history.js';
import {checkRoom} from './keys.js';
import {parseOptions, type SqlSinkOptions} from './options.js';
import {createTables} from './tables.js';
import {Tabular} from './tabular.js';
import {createTwoWay, TwoWay} from './two-way.js';
import {transact} from './transact.js';

export type {SqlSinkOptions} from './options.js';

type Opened = {
  dialect: Dialect;
  documents: Documents;
  tabular: Tabular | undefined;
  twoWay: TwoWay | undefined;
};

/** Thrown to roll back. */
const TABLES_CHANGED = new Error('Tables have changed.');
const MAX_ATTEMPTS = 10;

/**
 * A sink that keeps rooms in an SQL database: the content of each in `documents`,
 * as JSON, and with `history` each commit. All of a batch is one transaction. It
 * makes its tables where they are missing; those of your app it never touches: where
 * one of them is called `documents` or `history`, `open` rejects with an error that
 * says so, and where a Table is called as one is, it becomes another table.
 *
 * Throws a TypeError for options that are none, and for a `db` that is no Kysely of
 * MySQL, PostgreSQL or SQLite.
 *
 * @example
 * ```ts
 * import {Kysely, PostgresDialect} from 'kysely';
 * import pg from 'pg';
 * import {createMirror} from 'tinybase-partykit/mirror';
 * import {createSqlSink} from 'tinybase-partykit/mirror/sql';
 *
 * const pool = new pg.Pool({connectionString: process.env.DATABASE_URL});
 * // Otherwise a connection that is lost ends the process.
 * pool.on('error', console.warn);
 * pool.on('connect', (client) => client.on('error', console.warn));
 * const db = new Kysely<any>({dialect: new PostgresDialect({pool})});
 * const mirror = createMirror({
 *   sink: createSqlSink({db}),
 *   room: 'https://my-app.me.partykit.dev/parties/main/my-room/store',
 * });
 * await mirror.start();
 * ```
 */
export const createSqlSink = (options: SqlSinkOptions): Sink => {
  const settings = parseOptions(options);
  const openDialect = findDialect(options.db);
  const db: Kysely<any> = options.db.withoutPlugins();
  const documentsName = `${settings.tablePrefix}documents`;
  const historyName = `${settings.tablePrefix}history`;

  const openAll = async (): Promise<Opened> => {
    const dialect = await openDialect(db);
    const tabular = settings.tabular
      ? new Tabular(dialect, settings, [documentsName, historyName])
      : undefined;
    await createTables(db, dialect, [
      getDocumentsShape(documentsName),
      ...(settings.history ? [getHistoryShape(historyName)] : []),
      ...(tabular?.shapes ?? []),
    ]);
    await tabular?.open(db);
    const documents = new Documents(dialect, documentsName, settings.document);
    const twoWay =
      tabular && settings.twoWay
        ? new TwoWay(db, dialect, {documents, tabular, settings})
        : undefined;
    return {dialect, documents, tabular, twoWay};
  };

  let opened: Promise<Opened> | undefined;
  const open = (): Promise<Opened> => {
    const opening = openAll();
    opened = opening;
    opening.catch(() => {
      opened = opened == opening ? undefined : opened;
    });
    return opening;
  };
  const getOpened = (): Promise<Opened> => opened ?? open();

  /** Resolves to undefined where tables have changed since it was prepared. */
  const tryWrite = async (batch: Batch): Promise<boolean | undefined> => {
    const {dialect, documents, tabular} = await getOpened();
    const plan = await tabular?.prepare(db, batch);
    const written = transact(db, dialect, async (trx) => {
      if (!(await documents.move(trx, batch))) {
        return false;
      }
      if (settings.history) {
        await writeHistory(trx, dialect, {name: historyName, batch});
      }
      if (tabular && !(await tabular.write(trx, batch, plan!))) {
        throw TABLES_CHANGED;
      }
      return true;
    });
    return written.catch((error: unknown) => {
      if (error === TABLES_CHANGED) {
        return undefined;
      }
      throw error;
    });
  };

  return createSink({
    wantsEachCommit: settings.history,
    open: async () => {
      await open();
    },
    read: async (room) => {
      checkRoom(room);
      const {documents} = await getOpened();
      return documents.read(db, room);
    },
    write: async (batch) => {
      checkRoom(batch.room);
      for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
        const isWritten = await tryWrite(batch);
        if (isWritten !== undefined) {
          return isWritten;
        }
      }
      throw new Error(
        'Others have changed tables again and again while this was written.',
      );
    },
    listRooms: async () => {
      const {documents} = await getOpened();
      return documents.listRooms(db);
    },
    ...(settings.twoWay && {
      twoWay: createTwoWay(async () => (await getOpened()).twoWay!),
    }),
  });
};
