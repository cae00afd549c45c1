/** A database of a test's own, of each kind that an SQL sink takes. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import Sqlite from 'better-sqlite3';
import {
  Kysely,
  type KyselyConfig,
  MysqlDialect,
  PostgresDialect,
  SqliteDialect,
} from 'kysely';
import mysql from 'mysql2';
import pg from 'pg';
import {
  createDatabase,
  isDatabaseMissing,
  type SqlDatabaseKind,
} from './servers.js';

export type SqlKind = SqlDatabaseKind | 'sqlite';

export const SQL_KINDS: SqlKind[] = ['mysql', 'postgres', 'sqlite'];

export const isSqlMissing = async (kind: SqlKind): Promise<boolean> =>
  kind != 'sqlite' && (await isDatabaseMissing(kind));

export type SqlDatabase = {
  kind: SqlKind;
  url: string;
  /** Connections of their own, ended by `drop`. */
  connect(config?: Omit<KyselyConfig, 'dialect'>): Kysely<any>;
  drop(): Promise<void>;
};

const createDialect = (kind: SqlKind, url: string): KyselyConfig['dialect'] => {
  if (kind == 'mysql') {
    return new MysqlDialect({pool: mysql.createPool({uri: url})});
  }
  if (kind == 'postgres') {
    const pool = new pg.Pool({connectionString: url, max: 4});
    // A database that is dropped ends connections.
    pool.on('error', () => {});
    return new PostgresDialect({pool});
  }
  return new SqliteDialect({database: new Sqlite(url)});
};

export const createSqlDatabase = async (
  kind: SqlKind,
  options?: string,
): Promise<SqlDatabase> => {
  const kyselys: Kysely<any>[] = [];
  const connectTo =
    (url: string): SqlDatabase['connect'] =>
    (config) => {
      const db = new Kysely<any>({
        dialect: createDialect(kind, url),
        ...config,
      });
      kyselys.push(db);
      return db;
    };
  const disconnect = async (): Promise<void> => {
    await Promise.all(kyselys.map((db) => db.destroy()));
  };
  if (kind == 'sqlite') {
    const folder = await mkdtemp(join(tmpdir(), 'tinybase-partykit-sql-'));
    const url = join(folder, 'test.sqlite');
    return {
      kind,
      url,
      connect: connectTo(url),
      drop: async () => {
        await disconnect();
        await rm(folder, {recursive: true});
      },
    };
  }
  const {url, drop} = await createDatabase(kind, options);
  return {
    kind,
    url,
    connect: connectTo(url),
    drop: async () => {
      await disconnect();
      await drop();
    },
  };
};
