/** What differs from one kind of database to the other. */
import type {Kysely, RawBuilder} from 'kysely';
import type {Capture} from './capture.js';
import type {CellType} from './cell-types.js';

export type Sql = RawBuilder<any>;

export type DialectName = 'mysql' | 'postgres' | 'sqlite';

export type Dialect = {
  readonly name: DialectName;
  /** Types of columns, as a statement has them. */
  readonly types: {
    /** Compares byte by byte, and holds what `isKey` lets through. */
    id: Sql;
    /** Any text that the database can hold. */
    text: Sql;
    /**
     * Text of JSON, as exactly as it was given: types that take JSON apart lose
     * some of it, such as lone surrogates, U+0000, or what is nested deeply.
     */
    json: Sql;
    integer: Sql;
    /** Counts up by itself: of the key of a table that is written by triggers. */
    serial: Sql;
    /** UTC, in milliseconds. */
    time: Sql;
  };
  /** Follows the columns of a new table. */
  readonly tableSuffix: Sql;
  /** How many parameters a statement may have. */
  readonly maxParameters: number;
  /** A table, or an index, in the place where this sink has its own. */
  getRef(name: string): Sql;
  /** Milliseconds since 1970, as a parameter for a column of time. */
  toTime(ms: number): string;
  /** Text that the database can hold: what it cannot becomes U+FFFD. */
  toText(text: string): string;
  /** A column of JSON as the text that it is. */
  readJson(column: Sql): Sql;
  /** The names of the columns of a table; none where there is no such table. */
  listColumns(db: Kysely<any>, table: string): Promise<string[]>;
  /** All names that a new table could not have, those of its own included. */
  listRelations(db: Kysely<any>): Promise<string[]>;
  /**
   * Runs it for who alone may make tables meanwhile: in a transaction, unless this
   * is a database that makes tables outside of transactions.
   */
  runAlone<Result>(
    db: Kysely<any>,
    name: string,
    act: (db: Kysely<any>) => Promise<Result>,
  ): Promise<Result>;
  /** Follows an INSERT that does nothing where the key is there already. */
  orNothing(column: string): Sql;
  /** Follows an INSERT that updates these columns where the key is there. */
  orUpdate(key: string[], columns: string[]): Sql;
  /** Follows a SELECT of what must not change until the transaction ends. */
  readonly shareLock: Sql;
  /** Whether a failed INSERT says that the key is there already. */
  isDuplicate(error: unknown): boolean;
  /** The types of columns for Cells. */
  readonly cellTypes: Readonly<Record<CellType, Sql>>;
  /** JSON for a column of Cells: what that cannot hold becomes U+FFFD. */
  toJson(json: string): string;
  toBoolean(flag: boolean): boolean | number;
  /**
   * Makes columns text, and of what is in them what `toCellText` would make. After
   * a crash on the way the same again.
   */
  widen(
    db: Kysely<any>,
    table: string,
    columns: {name: string; from: CellType}[],
  ): Promise<void>;
  /**
   * Columns that are still of another type than the catalog says, by their names;
   * undefined where that cannot be, as tables and catalog change at once.
   */
  findNarrow?(
    db: Kysely<any>,
    table: string,
  ): Promise<{name: string; from: CellType}[]>;
  readonly capture: Capture;
};
