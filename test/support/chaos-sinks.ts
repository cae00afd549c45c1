/** The sinks that come with the library, by a description that is JSON. */
import Sqlite from 'better-sqlite3';
import {
  type Dialect,
  Kysely,
  MysqlDialect,
  PostgresDialect,
  SqliteDialect,
} from 'kysely';
import mysql from 'mysql2';
import pg from 'pg';
import type {Sink} from '../../src/mirror/sink.js';
import {
  createSqlSink,
  type SqlSinkOptions,
} from '../../src/mirror/sql/index.js';

export type SqlPlaceKind = 'mariadb' | 'postgres' | 'sqlite';

export type SqlPlace = {
  kind: SqlPlaceKind;
  /** Of the database; the file of SQLite. */
  url: string;
  options?: Omit<SqlSinkOptions, 'db'>;
};

export type Place = SqlPlace;

const ignore = (): void => {};

const DIALECTS: {[kind in SqlPlaceKind]: (url: string) => Dialect} = {
  // A time as the text that it is in the database, which is UTC.
  mariadb: (uri) =>
    new MysqlDialect({
      pool: mysql.createPool({uri, dateStrings: true, connectionLimit: 2}),
    }),
  postgres: (connectionString) => {
    const pool = new pg.Pool({connectionString, max: 2});
    // Of a connection that nobody uses just then.
    pool.on('error', ignore);
    // Of one in the midst of a transaction, which the query after it tells of.
    pool.on('connect', (client) => client.on('error', ignore));
    return new PostgresDialect({pool});
  },
  sqlite: (file) => {
    const database = new Sqlite(file);
    database.pragma('journal_mode = WAL');
    return new SqliteDialect({database});
  },
};

export const openKysely = ({kind, url}: SqlPlace): Kysely<any> =>
  new Kysely<any>({dialect: DIALECTS[kind](url)});

export const openSink = (
  place: Place,
): {sink: Sink; close(): Promise<void>} => {
  const db = openKysely(place);
  return {
    sink: createSqlSink({db, ...place.options}),
    close: () => db.destroy(),
  };
};
