/** Sinks on the database that a URL names. */
import {type Kysely, sql} from 'kysely';
import {pathToFileURL} from 'node:url';
import {afterEach, describe, expect, it} from 'vitest';
import type {Batch, Sink} from '../../src/mirror/sink.js';
import {isSqlUrl, openSqlSink} from '../../src/mirror/sql/open-sql-sink.js';
import {
  createSqlDatabase,
  isSqlMissing,
  SQL_KINDS,
  type SqlDatabase,
  type SqlKind,
} from '../support/databases/sql-database.js';
import {testWhere} from '../support/test-where.js';
import {until} from '../support/until.js';

const BATCH: Batch = {
  room: 'room',
  after: undefined,
  position: {epoch: 'e', offset: 1},
  time: 1,
  commits: undefined,
  content: [{}, {v: 1}],
};

const toUrls = (kind: SqlKind, url: string): string[] =>
  kind == 'sqlite'
    ? [`sqlite:${url}`, `sqlite://${url}`, pathToFileURL(url).href]
    : kind == 'mysql'
      ? [url, url.replace(/^mysql/, 'MariaDB')]
      : [url, url.replace(/^postgres/, 'postgresql')];

/** Ends all other connections, as a server does that restarts. */
const endConnections = async (kind: SqlKind, db: Kysely<any>) => {
  if (kind == 'postgres') {
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`.execute(
      db,
    );
  } else {
    const {rows} = await sql<{id: number}>`
      select id from information_schema.processlist
      where db = database() and id <> connection_id()`.execute(db);
    for (const {id} of rows) {
      await sql.raw(`kill ${id}`).execute(db);
    }
  }
};

describe.each(SQL_KINDS)('in %s', async (kind) => {
  describe.skipIf(await isSqlMissing(kind))('', () => {
    let database: SqlDatabase | undefined;
    const sinks: Sink[] = [];
    const open = async (url: string): Promise<Sink> => {
      const sink = await openSqlSink(url);
      sinks.push(sink);
      return sink;
    };
    afterEach(async () => {
      await Promise.all(sinks.splice(0).map((sink) => sink.close!()));
      await database?.drop();
    });

    it('opens it by its URL', async () => {
      database = await createSqlDatabase(kind);
      const [first, ...others] = toUrls(kind, database.url);
      const sink = await open(first!);
      await sink.open!();
      expect(await sink.write(BATCH)).toBe(true);
      for (const url of others) {
        expect(isSqlUrl(url)).toBe(true);
        expect((await (await open(url)).read('room'))?.offset).toBe(1);
      }
    });

    testWhere(kind != 'sqlite')('lives on when connections end', async () => {
      database = await createSqlDatabase(kind);
      const sink = await open(database.url);
      expect(await sink.write(BATCH)).toBe(true);
      await endConnections(kind, database.connect());
      // The pool has some that it has not tried yet.
      const state = await until(() => sink.read('room'));
      expect(state.offset).toBe(1);
    });
  });
});

describe('openSqlSink', () => {
  it('says which URLs it takes', async () => {
    for (const url of ['', 'mysql', 'redis://x', 'sqlite:', '__proto__:x']) {
      expect(isSqlUrl(url)).toBe(false);
      await expect(openSqlSink(url)).rejects.toThrow(/begins with mysql:/);
    }
  });
});
