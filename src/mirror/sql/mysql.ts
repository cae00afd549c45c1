import {type Kysely, sql} from 'kysely';
import type {CellType} from './cell-types.js';
import {createMysqlCapture} from './capture-mysql.js';
import type {Dialect} from './dialect.js';
import {toWellFormed} from './keys.js';
import {runWithLock, widenColumn} from './mysql-tables.js';

// Compares byte by byte, spaces at the end included.
const COLLATIONS = ['utf8mb4_nopad_bin', 'utf8mb4_0900_bin'];
const DUPLICATE_ENTRY = 1062;

const PLAIN_TYPES: {[type: string]: CellType} = {
  double: 'number',
  tinyint: 'boolean',
};

const createMysql = (collation: string): Dialect => {
  const exact = sql.raw(`character set utf8mb4 collate ${collation}`);
  const longText = sql`longtext ${exact}`;
  return {
    name: 'mysql',
    types: {
      id: sql`varchar(255) ${exact}`,
      text: longText,
      // MySQL's JSON puts keys in another order, and neither that nor MariaDB's
      // takes lone surrogates, or what is nested in more than 100 (or 31) levels.
      json: longText,
      integer: sql`bigint`,
      serial: sql`bigint not null auto_increment`,
      time: sql`datetime(3)`,
    },
    tableSuffix: sql`engine = InnoDB row_format = dynamic default ${exact}`,
    maxParameters: 65_535,
    getRef: (name) => sql.id(name),
    // As text: drivers would move a Date to their own time zone.
    toTime: (ms) => new Date(ms).toISOString().replace('T', ' ').slice(0, 23),
    toText: toWellFormed,
    readJson: (column) => column,
    listColumns: async (db, table) => {
      const {rows} = await sql<{name: string}>`
        select column_name as name from information_schema.columns
        where table_schema = database() and table_name = ${table}
        order by ordinal_position`.execute(db);
      return rows.map(({name}) => name);
    },
    listRelations: async (db) => {
      const {rows} = await sql<{name: string}>`
        select table_name as name from information_schema.tables
        where table_schema = database()`.execute(db);
      return rows.map(({name}) => name);
    },
    runAlone: runWithLock,
    orNothing: (column) =>
      sql`on duplicate key update ${sql.id(column)} = ${sql.id(column)}`,
    isDuplicate: (error) => (error as any)?.errno === DUPLICATE_ENTRY,
    orUpdate: (_key, columns) => {
      const sets = columns.map(
        (name) => sql`${sql.id(name)} = values(${sql.id(name)})`,
      );
      return sql`on duplicate key update ${sql.join(sets)}`;
    },
    shareLock: sql`lock in share mode`,
    cellTypes: {
      boolean: sql`tinyint(1)`,
      number: sql`double`,
      json: longText,
      text: longText,
    },
    toJson: (json) => json,
    capture: createMysqlCapture(collation),
    toBoolean: Number,
    widen: async (db, table, columns) => {
      for (const {name, from} of columns) {
        if (from != 'json') {
          await widenColumn(db, {table, name, from, type: longText});
        }
      }
    },
    findNarrow: async (db, table) => {
      const {rows} = await sql<{name: string; type: string}>`
        select column_name as name, data_type as type
        from information_schema.columns
        where table_schema = database() and table_name = ${table}`.execute(db);
      return rows.flatMap(({name, type}) => {
        const from = PLAIN_TYPES[type.toLowerCase()];
        return from ? [{name, from}] : [];
      });
    },
  };
};

const PROBE = 'ß\u{1F4A5}';

/** Throws where the connection takes parameters, or ends statements, otherwise. */
const checkSession = async (db: Kysely<any>): Promise<void> => {
  const {rows} = await sql<{mode: string; autocommit: number}>`
    select @@session.sql_mode as mode, @@session.autocommit as autocommit`.execute(
    db,
  );
  // mysql2 writes parameters into the statement, with backslashes before quotes:
  // where those are nothing special, what a client has written would be SQL.
  if (/NO_BACKSLASH_ESCAPES/i.test(rows[0]?.mode ?? '')) {
    throw new Error(
      'The connection to MySQL has NO_BACKSLASH_ESCAPES in its sql_mode, with ' +
        'which its driver cannot pass on texts safely: take that out.',
    );
  }
  if (Number(rows[0]?.autocommit) != 1) {
    throw new Error(
      'The connection to MySQL has autocommit off, so that what is made outside ' +
        'of a transaction would not stay: turn it on.',
    );
  }
};

export const openMysql = async (db: Kysely<any>): Promise<Dialect> => {
  await checkSession(db);
  const {rows: places} = await sql<{name: string | null; probe: string}>`
    select database() as name, ${PROBE} as probe`.execute(db);
  if (places[0]?.name == null) {
    throw new Error('The connection to MySQL names no database: name one.');
  }
  if (places[0].probe !== PROBE) {
    throw new Error(
      'The connection to MySQL cannot carry all text: give it the ' +
        'charset utf8mb4.',
    );
  }
  const {rows} = await sql<{name: string}>`
    select collation_name as name from information_schema.collations
    where collation_name in (${sql.join(COLLATIONS)})`.execute(db);
  const collation = COLLATIONS.find((name) =>
    rows.some((row) => row.name == name),
  );
  if (!collation) {
    throw new Error(
      'This MySQL cannot compare ids exactly: take MariaDB 10.2, ' +
        'MySQL 8.0.17, or later.',
    );
  }
  return createMysql(collation);
};
