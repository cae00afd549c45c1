/** The sinks that come with the library, by a description that is JSON. */
import Sqlite from 'better-sqlite3';
import {Redis} from 'ioredis';
import {
  type Dialect,
  Kysely,
  MysqlDialect,
  PostgresDialect,
  SqliteDialect,
} from 'kysely';
import mysql from 'mysql2';
import pg from 'pg';
import {
  createRedisSink,
  type RedisSinkOptions,
} from '../../../src/mirror/redis/index.js';
import type {Sink} from '../../../src/mirror/sink.js';
import type {SqlSinkOptions} from '../../../src/mirror/sql/index.js';
import {openSqlSink} from '../../../src/mirror/sql/open-sql-sink.js';

export type SqlPlaceKind = 'mariadb' | 'postgres' | 'sqlite';

export type SqlPlace = {
  kind: SqlPlaceKind;
  url: string;
  options?: Omit<SqlSinkOptions, 'db'>;
};

export type RedisPlace = {
  kind: 'redis';
  url: string;
  /** By which Redis lists the connection. */
  name?: string;
  options: Omit<RedisSinkOptions, 'redis'>;
};

export type Place = SqlPlace | RedisPlace;

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
  sqlite: (url) =>
    new SqliteDialect({
      // Waiting for a lock it keeps this process from releasing one.
      database: new Sqlite(url.replace('sqlite:', ''), {timeout: 0}),
    }),
};

/** Connections of a test's own. */
export const openKysely = ({kind, url}: SqlPlace): Kysely<any> =>
  new Kysely<any>({dialect: DIALECTS[kind](url)});

const openRedisSink = ({url, name, options}: RedisPlace): Sink => {
  const redis = new Redis(
    url,
    name === undefined ? {} : {connectionName: name},
  );
  // What a command then rejects with.
  redis.on('error', ignore);
  return createRedisSink({redis, ...options});
};

/** For a process that ends without closing it. */
export const openSink = async (place: Place): Promise<Sink> =>
  place.kind == 'redis'
    ? openRedisSink(place)
    : await openSqlSink(place.url, place.options);
