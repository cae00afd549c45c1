/** A database that crashes has what it acknowledged when it is back. */
import mysql from 'mysql2/promise';
import {Redis} from 'ioredis';
import pg from 'pg';
import {expect, onTestFinished, test} from 'vitest';
import type {PrivateDatabase} from '../support/databases/private-database.js';
import {
  isMariadbMissing,
  startPrivateMariadb,
} from '../support/databases/private-mariadb.js';
import {
  isPostgresMissing,
  startPrivatePostgres,
} from '../support/databases/private-postgres.js';
import {
  isRedisMissing,
  startPrivateRedis,
} from '../support/databases/private-redis.js';
import {until} from '../support/until.js';

type Client = {
  put(n: number): Promise<unknown>;
  getAll(): Promise<number[]>;
  end(): Promise<unknown> | void;
};

const SQL = {
  make: 'CREATE TABLE IF NOT EXISTS numbers (n INTEGER)',
  get: 'SELECT n FROM numbers ORDER BY n',
};

const connectPostgres = async (connectionString: string): Promise<Client> => {
  const client = new pg.Client({connectionString});
  client.on('error', () => {});
  await client.connect();
  await client.query(SQL.make);
  return {
    put: (n) => client.query('INSERT INTO numbers VALUES ($1)', [n]),
    getAll: async () =>
      (await client.query<{n: number}>(SQL.get)).rows.map(({n}) => n),
    end: () => client.end(),
  };
};

const connectMariadb = async (url: string): Promise<Client> => {
  const client = await mysql.createConnection(url);
  client.on('error', () => {});
  await client.query(SQL.make);
  return {
    put: (n) => client.query('INSERT INTO numbers VALUES (?)', [n]),
    getAll: async () =>
      (await client.query<mysql.RowDataPacket[]>(SQL.get))[0].map(({n}) => n),
    end: () => client.end(),
  };
};

const connectRedis = async (url: string): Promise<Client> => {
  const client = new Redis(url, {
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  client.on('error', () => {});
  return {
    put: (n) => client.rpush('numbers', n),
    getAll: async () => (await client.lrange('numbers', 0, -1)).map(Number),
    end: () => client.disconnect(),
  };
};

type Start = () => Promise<PrivateDatabase>;
type Connect = (url: string) => Promise<Client>;

const SERVERS: [string, () => boolean, Start, Connect][] = [
  ['PostgreSQL', isPostgresMissing, startPrivatePostgres, connectPostgres],
  ['MariaDB', isMariadbMissing, startPrivateMariadb, connectMariadb],
  ['Redis', isRedisMissing, startPrivateRedis, connectRedis],
];

test.each(SERVERS.filter(([, isMissing]) => !isMissing()))(
  '%s, killed while it is written to, loses nothing that it acknowledged',
  async (_, __, start, connect) => {
    const database = await start();
    onTestFinished(() => database.stop());
    const acknowledged: number[] = [];
    let written = 0;
    for (let kill = 0; kill < 2; kill++) {
      const client = await connect(database.url);
      const before = acknowledged.length;
      const writing = (async () => {
        for (;;) {
          const n = ++written;
          await client.put(n);
          acknowledged.push(n);
        }
      })();
      const cut = expect(writing).rejects.toThrow();
      await until(() => acknowledged.length > before + 50);
      await database.kill();
      await cut;
      await database.restart();
    }
    const client = await connect(database.url);
    expect(await client.getAll()).toEqual(expect.arrayContaining(acknowledged));
    await client.end();
  },
  60_000,
);
