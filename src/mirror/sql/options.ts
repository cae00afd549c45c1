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
  /**
   * Whether each Table is a table as well, with a column a Cell, and Values are in
   * `room_values`. False unless told.
   */
  tabular?: boolean;
  /**
   * Whether triggers capture what others change in the tables, for the room to be
   * told of it. Needs `tabular` and `document`. False unless told.
   */
  twoWay?: boolean;
  /**
   * How many tables there are at most, for clients may make up ids: 1,000 unless
   * told. Rows of further Tables are in `more_rows`.
   */
  maxTables?: number;
  /**
   * How many columns for Cells a table has at most, up to 150, which it is unless
   * told. The other Cells of a Row are in `more_cells`.
   */
  maxColumns?: number;
  /**
   * Told of what could not be kept, the first time of each kind: ids that cannot be
   * a key of a table. It is in `documents` anyway.
   */
  onIgnoredError?: (error: unknown) => void;
};

export type SqlSettings = Required<Omit<SqlSinkOptions, 'db'>>;

// What a row of MySQL takes, with the longest ids and 40 bytes in each column.
const MOST_COLUMNS = 150;

const MAX_COUNTS = {maxTables: 10_000, maxColumns: MOST_COLUMNS};

const PREFIX = /^\w{0,20}$/;

const getFlag = (
  options: SqlSinkOptions,
  name: 'document' | 'history' | 'tabular' | 'twoWay',
  otherwise: boolean,
): boolean => {
  const flag = options[name] ?? otherwise;
  if (typeof flag != 'boolean') {
    throw new TypeError(`\`${name}\` of an SQL sink is true or false.`);
  }
  return flag;
};

const getCount = (
  options: SqlSinkOptions,
  name: 'maxTables' | 'maxColumns',
  otherwise: number,
): number => {
  const count = options[name] ?? otherwise;
  if (!Number.isInteger(count) || count < 0 || count > MAX_COUNTS[name]) {
    throw new TypeError(
      `\`${name}\` of an SQL sink is a whole number up to ${MAX_COUNTS[name]}.`,
    );
  }
  return count;
};

/** Tells the app, which may throw then. */
export const createTeller =
  ({onIgnoredError}: Pick<SqlSinkOptions, 'onIgnoredError'>) =>
  (error: unknown): void => {
    // Nothing waits for it; it may be async, too.
    const tell = async () => onIgnoredError?.(error);
    tell().catch(() => {});
  };

/** Throws a TypeError that says what is wrong. */
export const parseOptions = (options: SqlSinkOptions): SqlSettings => {
  const {tablePrefix = ''} = options;
  if (typeof tablePrefix != 'string' || !PREFIX.test(tablePrefix)) {
    throw new TypeError(
      '`tablePrefix` is up to 20 letters, digits and underscores.',
    );
  }
  const tabular = getFlag(options, 'tabular', false);
  const document = getFlag(options, 'document', true);
  const twoWay = getFlag(options, 'twoWay', false);
  if (twoWay && !(tabular && document)) {
    throw new TypeError(
      '`twoWay` of an SQL sink needs `tabular: true`, and `document`.',
    );
  }
  return {
    tablePrefix,
    document,
    history: getFlag(options, 'history', false),
    tabular,
    twoWay,
    maxTables: getCount(options, 'maxTables', 1_000),
    maxColumns: getCount(options, 'maxColumns', MOST_COLUMNS),
    onIgnoredError: createTeller(options),
  };
};
