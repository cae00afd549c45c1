/** What `createSqlSink` is told, and what becomes of what it is not told. */
import type {Kysely} from 'kysely';

export type SqlSinkOptions = {
  /**
   * The database, as Kysely has it: MySQL, MariaDB or PlanetScale, PostgreSQL, or
   * SQLite. It stays yours: the sink never destroys it. Its plugins do not count
   * here; a schema other than the usual one is named by the connection's
   * `search_path`, not by `withSchema`.
   */
  db: Kysely<any>;
  /**
   * Begins the names of all tables, as where your app has a table `documents`
   * already: up to 20 of `A–Z a–z 0–9 _`. None unless told.
   */
  tablePrefix?: string;
  /**
   * Whether `documents` has the content of each room, as JSON. True unless told:
   * without it a mirror that starts asks the room for all of it.
   */
  document?: boolean;
  /** Whether `history` has each commit. False unless told. */
  history?: boolean;
};

export type SqlSettings = Required<Omit<SqlSinkOptions, 'db'>>;

const PREFIX = /^\w{0,20}$/;

const getFlag = (
  options: SqlSinkOptions,
  name: 'document' | 'history',
  otherwise: boolean,
): boolean => {
  const flag = options[name] ?? otherwise;
  if (typeof flag != 'boolean') {
    throw new TypeError(`\`${name}\` of an SQL sink is true or false.`);
  }
  return flag;
};

/** Throws a TypeError that says what is wrong. */
export const parseOptions = (options: SqlSinkOptions): SqlSettings => {
  const {tablePrefix = ''} = options;
  if (typeof tablePrefix != 'string' || !PREFIX.test(tablePrefix)) {
    throw new TypeError(
      '`tablePrefix` is up to 20 letters, digits and underscores.',
    );
  }
  return {
    tablePrefix,
    document: getFlag(options, 'document', true),
    history: getFlag(options, 'history', false),
  };
};
