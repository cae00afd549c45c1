/** An SQL sink of a URL, for those who have no Kysely: the command line. */
import type {Dialect as KyselyDialect} from 'kysely';
import {fileURLToPath} from 'node:url';
import type {Sink} from '../sink.js';
import {createTeller, type SqlSinkOptions} from './options.js';

const MAX_CONNECTIONS = 4;
const CONNECT_MS = 30_000;

type OpenDialect = (
  url: string,
  onIgnoredError: (error: unknown) => void,
) => Promise<KyselyDialect>;

/** Imports a package, or says how to install it. */
const load = async <Module>(
  install: string,
  imports: () => Promise<Module>,
): Promise<Module> => {
  try {
    return await imports();
  } catch (error) {
    if ((error as any)?.code != 'ERR_MODULE_NOT_FOUND') {
      throw error;
    }
    throw new Error(
      `A package for this database is not installed: npm install ${install}`,
      {cause: error},
    );
  }
};

const openMysql: OpenDialect = async (url, onIgnoredError) => {
  const [{MysqlDialect}, {default: mysql}] = await load('kysely mysql2', () =>
    Promise.all([import('kysely'), import('mysql2')]),
  );
  const pool = mysql.createPool({
    uri: url.replace(/^mariadb:/i, 'mysql:'),
    connectionLimit: MAX_CONNECTIONS,
    timezone: 'Z',
  });
  // A connection that is lost must not end the process: the next one is another.
  pool.on('connection', (connection) => connection.on('error', onIgnoredError));
  return new MysqlDialect({pool});
};

const openPostgres: OpenDialect = async (url, onIgnoredError) => {
  const [{PostgresDialect}, {default: pg}] = await load('kysely pg', () =>
    Promise.all([import('kysely'), import('pg')]),
  );
  // All times are written with their zone, UTC, whatever that of the session is.
  const pool = new pg.Pool({
    connectionString: url,
    max: MAX_CONNECTIONS,
    // Without it a server that is silent would be waited for without end.
    connectionTimeoutMillis: CONNECT_MS,
  });
  // The pool tells of connections that are idle, others tell of themselves.
  pool.on('error', onIgnoredError);
  pool.on('connect', (client) => client.on('error', () => {}));
  return new PostgresDialect({pool});
};

const toPath = (url: string): string => {
  if (/^file:\/\//i.test(url)) {
    return fileURLToPath(url);
  }
  // sqlite:a.db, sqlite:/folder/a.db and sqlite:///folder/a.db
  return url.replace(/^\w+:(\/\/(?=\/))?/, '');
};

const openSqlite: OpenDialect = async (url) => {
  const [{SqliteDialect}, {default: Sqlite}] = await load(
    'kysely better-sqlite3',
    () => Promise.all([import('kysely'), import('better-sqlite3')]),
  );
  return new SqliteDialect({database: new Sqlite(toPath(url))});
};

const OPENERS: {[protocol: string]: OpenDialect} = {
  mysql: openMysql,
  mariadb: openMysql,
  postgres: openPostgres,
  postgresql: openPostgres,
  sqlite: openSqlite,
  file: openSqlite,
};

/** Whether it is a URL for `openSqlSink`. */
export const isSqlUrl = (url: string): boolean =>
  Object.hasOwn(OPENERS, getProtocol(url));

const getProtocol = (url: string): string =>
  /^(\w+):./.exec(url)?.[1]?.toLowerCase() ?? '';

/**
 * The sink of `createSqlSink` on the database that a URL names, which its `close`
 * closes: `mysql:` or `mariadb:`, `postgres:` or `postgresql:`, `sqlite:` and a path
 * or a `file:` URL. Rejects where that is no such URL, and where a package is not
 * installed.
 */
export const openSqlSink = async (
  url: string,
  options: Omit<SqlSinkOptions, 'db'> = {},
): Promise<Sink> => {
  const openDialect = isSqlUrl(url) ? OPENERS[getProtocol(url)] : undefined;
  if (!openDialect) {
    throw new TypeError(
      'The URL of an SQL database begins with mysql:, mariadb:, postgres:, ' +
        'postgresql:, sqlite: or file:.',
    );
  }
  const dialect = await openDialect(url, createTeller(options));
  const [{Kysely}, {createSqlSink}] = await Promise.all([
    import('kysely'),
    import('./index.js'),
  ]);
  const db = new Kysely<any>({dialect});
  return {...createSqlSink({...options, db}), close: () => db.destroy()};
};
