/** Finds out which kind of database it is. */
import {
  type Kysely,
  MysqlAdapter,
  PostgresAdapter,
  SqliteAdapter,
  WithSchemaPlugin,
} from 'kysely';
import type {Dialect} from './dialect.js';
import {openMysql} from './mysql.js';
import {openPostgres} from './postgres.js';
import {SQLITE} from './sqlite.js';

type Open = (db: Kysely<any>) => Promise<Dialect>;

const OPENERS: [adapter: new () => object, open: Open][] = [
  [MysqlAdapter, openMysql],
  [PostgresAdapter, openPostgres],
  [SqliteAdapter, async () => SQLITE],
];

/** Throws a TypeError where it is no Kysely of a database that is known here. */
export const findDialect = (db: Kysely<any>): Open => {
  if (typeof db?.getExecutor != 'function') {
    throw new TypeError(
      '`db` of an SQL sink is an instance of Kysely: `new Kysely({dialect})`.',
    );
  }
  if (db.isTransaction) {
    throw new TypeError(
      '`db` of an SQL sink is a transaction: give it the Kysely it comes from.',
    );
  }
  const {adapter, plugins} = db.getExecutor();
  if (plugins.some((plugin) => plugin instanceof WithSchemaPlugin)) {
    throw new TypeError(
      'An SQL sink does not take `withSchema`: name the schema in the ' +
        "connection's search_path.",
    );
  }
  // By name, too: there may be two copies of Kysely.
  const opener = OPENERS.find(
    ([type]) =>
      adapter instanceof type || adapter.constructor.name == type.name,
  );
  if (!opener) {
    throw new TypeError(
      `An SQL sink does not know the dialect of ${adapter.constructor.name}: ` +
        'it takes those of MySQL, PostgreSQL and SQLite.',
    );
  }
  return opener[1];
};
