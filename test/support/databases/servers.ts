/** The database servers that tests use, and databases of their own in them. */
import {randomBytes} from 'node:crypto';
import {Redis} from 'ioredis';
import mysql from 'mysql2/promise';
import pg from 'pg';

export type DatabaseKind = 'mysql' | 'postgres' | 'redis' | 'mongodb';
export type SqlDatabaseKind = 'mysql' | 'postgres';

const CONNECT_TIMEOUT_MS = 3_000;

const USUAL_URLS: {[kind in DatabaseKind]?: string} = {
  mysql: 'mysql://root@127.0.0.1:3306',
  postgres: 'postgres://postgres@127.0.0.1:5432/postgres',
  redis: 'redis://127.0.0.1:6379',
};

/**
 * Where a server is: at `MYSQL_URL`, `POSTGRES_URL`, `REDIS_URL` or `MONGODB_URL`,
 * or else at the usual port of this machine. Of MongoDB there is no usual one.
 */
export const getDatabaseUrl = (kind: DatabaseKind): string | undefined =>
  process.env[`${kind.toUpperCase()}_URL`] || USUAL_URLS[kind];

const getUrl = (kind: DatabaseKind): string => {
  const url = getDatabaseUrl(kind);
  if (url == null) {
    throw new Error(`name a server in ${kind.toUpperCase()}_URL`);
  }
  return url;
};

/** Runs statements on a connection of their own. */
const runSql: {
  [kind in SqlDatabaseKind]: (url: string, sql: string) => Promise<void>;
} = {
  mysql: async (uri, sql) => {
    const connection = await mysql.createConnection({
      uri,
      connectTimeout: CONNECT_TIMEOUT_MS,
    });
    try {
      await connection.query(sql);
    } finally {
      await connection.end();
    }
  },
  postgres: async (connectionString, sql) => {
    const client = new pg.Client({
      connectionString,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  },
};

/** Connects at once or not at all. */
const connectRedis = async (url: string): Promise<Redis> => {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: null,
  });
  // Told by connect() as well.
  redis.on('error', () => {});
  await redis.connect();
  return redis;
};

const ask = async (kind: DatabaseKind): Promise<void> => {
  if (kind == 'redis') {
    const redis = await connectRedis(getUrl(kind));
    await redis.ping();
    redis.disconnect();
  } else if (kind == 'mongodb') {
    const {MongoClient} = await import('mongodb');
    const client = new MongoClient(getUrl(kind), {
      serverSelectionTimeoutMS: CONNECT_TIMEOUT_MS,
    });
    try {
      await client.db().command({ping: 1});
    } finally {
      await client.close();
    }
  } else {
    await runSql[kind](getUrl(kind), 'SELECT 1');
  }
};

const answers = new Map<DatabaseKind, Promise<unknown>>();

/** Why the server does not answer; undefined where it does. Asks once. */
const findProblem = (kind: DatabaseKind): Promise<unknown> => {
  const known = answers.get(kind);
  if (known) {
    return known;
  }
  const answer = ask(kind).then(
    () => undefined,
    (error: unknown) => error ?? new Error('no answer'),
  );
  answers.set(kind, answer);
  return answer;
};

const describeUrl = (url: string): string => url.replace(/:[^:@/]*@/, ':…@');

/**
 * Whether tests of a database have to be skipped because its server does not
 * answer, which it then says on stderr. With `REQUIRE_DATABASES=1` it throws
 * instead, so that a build server cannot pass by leaving them out; of MongoDB it
 * does so only where `MONGODB_URL` names one. A test file says
 * `describe.skipIf(await isDatabaseMissing('mysql'))`.
 */
export const isDatabaseMissing = async (
  kind: DatabaseKind,
): Promise<boolean> => {
  const url = getDatabaseUrl(kind);
  if (url == null) {
    return true;
  }
  const cause = await findProblem(kind);
  if (cause === undefined) {
    return false;
  }
  const name = `${kind.toUpperCase()}_URL`;
  const problem =
    `no ${kind} answers at ${describeUrl(url)} (${String(cause)}): ` +
    `start one, or name it in ${name}`;
  if (process.env.REQUIRE_DATABASES === '1') {
    throw new Error(`REQUIRE_DATABASES=1, but ${problem}`, {cause});
  }
  process.stderr.write(`\nTESTS OF ${kind} SKIPPED: ${problem}.\n\n`);
  return true;
};

/** A name that nobody else uses: letters of lower case, digits, underscores. */
export const createRandomName = (): string =>
  `tinybase_partykit_test_${randomBytes(6).toString('hex')}`;

export type OwnDatabase = {
  name: string;
  /** Of the database, for any driver. */
  url: string;
  /** Ends what is still connected to it, too. */
  drop(): Promise<void>;
};

/**
 * Creates an empty database with a random name. `options` is what follows the
 * name in `CREATE DATABASE`, such as `CHARACTER SET latin1`.
 */
export const createDatabase = async (
  kind: SqlDatabaseKind,
  options = '',
): Promise<OwnDatabase> => {
  const serverUrl = getUrl(kind);
  const run = runSql[kind];
  const name = createRandomName();
  await run(serverUrl, `CREATE DATABASE ${name} ${options}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const force = kind == 'postgres' ? ' WITH (FORCE)' : '';
  return {
    name,
    url: url.href,
    drop: () => run(serverUrl, `DROP DATABASE IF EXISTS ${name}${force}`),
  };
};

export type OwnKeys = {
  /** Begins all keys that are the test's own. */
  prefix: string;
  /** Of the server, for a connection of the test's own. */
  url: string;
  list(): Promise<string[]>;
  /** Deletes all keys with the prefix. */
  remove(): Promise<void>;
};

const listKeys = async (redis: Redis, prefix: string): Promise<string[]> => {
  const keys = new Set<string>();
  let cursor = '0';
  do {
    const [next, found] = await redis.scan(
      cursor,
      'MATCH',
      `${prefix}*`,
      'COUNT',
      1_000,
    );
    found.forEach((key) => keys.add(key));
    cursor = next;
  } while (cursor != '0');
  return [...keys];
};

/** A random beginning of keys in Redis. */
export const createRedisKeys = (): OwnKeys => {
  const url = getUrl('redis');
  const prefix = `${createRandomName()}:`;
  const use = async <Result>(
    act: (redis: Redis) => Promise<Result>,
  ): Promise<Result> => {
    const redis = await connectRedis(url);
    try {
      return await act(redis);
    } finally {
      redis.disconnect();
    }
  };
  return {
    prefix,
    url,
    list: () => use((redis) => listKeys(redis, prefix)),
    remove: () =>
      use(async (redis) => {
        const keys = await listKeys(redis, prefix);
        if (keys.length) {
          await redis.unlink(...keys);
        }
      }),
  };
};
