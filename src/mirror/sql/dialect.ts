/** What differs from one kind of database to the other. */
import type {Kysely, RawBuilder} from 'kysely';

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
  /**
   * Begins a transaction's work, for who alone may make tables until it ends. Does
   * nothing where tables are made outside of transactions.
   */
  lockTables(trx: Kysely<any>, name: string): Promise<unknown>;
  /** Follows an INSERT that does nothing where the key is there already. */
  orNothing(column: string): Sql;
  /** Whether a failed INSERT says that the key is there already. */
  isDuplicate(error: unknown): boolean;
};
