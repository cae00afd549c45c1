/** What servers and users may have set otherwise, and what clients may name. */
import {Kysely, MysqlDialect, PostgresDialect, sql} from 'kysely';
import mysql from 'mysql2';
import pg from 'pg';
import type {Content} from 'tinybase';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Batch} from '../../src/mirror/sink.js';
import {createSqlSink} from '../../src/mirror/sql/index.js';
import {
  createSqlDatabase,
  isSqlMissing,
  SQL_KINDS,
  type SqlDatabase,
} from '../support/databases/sql-database.js';

const E1 = 'e1';

const createBatch = (
  room: string,
  [after, offset]: [number | undefined, number],
  content: Content,
): Batch => ({
  room,
  after: after == null ? undefined : {epoch: E1, offset: after},
  position: {epoch: E1, offset},
  time: 1767323045678,
  commits: undefined,
  content,
});

const asJson = (content: string) => JSON.parse(content) as Content;

describe.skipIf(await isSqlMissing('mysql'))('MySQL', () => {
  let database: SqlDatabase;
  let pool: mysql.Pool;
  beforeEach(async () => {
    database = await createSqlDatabase('mysql');
  });
  afterEach(async () => {
    await new Promise<void>((resolve) => pool.end(() => resolve()));
    await database.drop();
  });

  const connect = (set: string, more: mysql.PoolOptions = {}): Kysely<any> => {
    pool = mysql.createPool({uri: database.url, ...more});
    pool.on('connection', (connection) => connection.query(set, () => {}));
    return new Kysely<any>({dialect: new MysqlDialect({pool})});
  };

  it.each(['ANSI_QUOTES', 'PIPES_AS_CONCAT,HIGH_NOT_PRECEDENCE', '', 'ANSI'])(
    'writes in the mode %j',
    async (mode) => {
      const db = connect(`set session sql_mode = '${mode}'`);
      const content = asJson(
        String.raw`[{"p'e\"t\\s":{"a'\\":{"x'\\":"\\' or 1=1 -- ","n":1}}},{"v":"'\\"}]`,
      );
      const sink = createSqlSink({db, tabular: true, history: true});
      expect(
        await sink.write(createBatch("r'\\", [undefined, 1], content)),
      ).toBe(true);
      const wide = asJson(
        String.raw`[{"p'e\"t\\s":{"a'\\":{"x'\\":1,"n":"t"},"":{"n":1e300}}},{"v":"'\\"}]`,
      );
      expect(await sink.write(createBatch("r'\\", [1, 2], wide))).toBe(true);
      expect(await sink.read("r'\\")).toEqual({
        epoch: E1,
        offset: 2,
        content: wide,
      });
    },
  );

  it('refuses NO_BACKSLASH_ESCAPES, where texts of clients would be SQL', async () => {
    const db = connect(`set session sql_mode = 'NO_BACKSLASH_ESCAPES'`);
    const sink = createSqlSink({db});
    await expect(sink.open!()).rejects.toThrow('NO_BACKSLASH_ESCAPES');
  });

  it('refuses a connection that does not commit by itself', async () => {
    const db = connect('set session autocommit = 0');
    const sink = createSqlSink({db, tabular: true});
    await expect(sink.open!()).rejects.toThrow('autocommit');
  });

  it.each(['read uncommitted', 'repeatable read', 'serializable'])(
    'widens by two at once in %s',
    async (level) => {
      const db = connect(`set session transaction isolation level ${level}`, {
        connectionLimit: 1,
      });
      const other = database.connect();
      const sinks = [db, other].map((one) =>
        createSqlSink({db: one, tabular: true}),
      );
      await Promise.all(sinks.map((sink) => sink.open!()));
      for (let i = 0; i < 10; i++) {
        await Promise.all(
          sinks.map((sink, s) =>
            sink.write(
              createBatch(
                `r${s}`,
                [i || undefined, i + 1],
                [
                  {
                    pets: {
                      a: {
                        b: i > 4 ? (s ? i : `${i}`) : i,
                        [`c${s}${i}`]: i,
                        same: s ? i : true,
                        [`d${i}`]: s ? [1] : i,
                      },
                    },
                  },
                  {},
                ],
              ),
            ),
          ),
        );
      }
      const {rows} = await sql<any>`select * from pets order by room`.execute(
        other,
      );
      expect(rows).toHaveLength(2);
      expect(rows.map(({same}: any) => same)).toEqual(['true', '9']);
      expect(rows.map(({d9}: any) => d9)).toEqual(['9', '[1]']);
    },
    60_000,
  );

  it('is not truncated without the strict mode', async () => {
    const db = connect(`set session sql_mode = ''`);
    const sink = createSqlSink({db, tabular: true});
    const content: Content = [
      {
        pets: {
          ['x'.repeat(255)]: {
            big: 1e308,
            small: 5e-324,
            minus: -1.7976931348623157e308,
            i: 9007199254740991,
          },
        },
      },
      {},
    ];
    await sink.write(createBatch('r'.repeat(255), [undefined, 1], content));
    const {rows} = await sql<any>`select * from pets`.execute(db);
    expect(rows[0]).toMatchObject({
      big: 1e308,
      small: 5e-324,
      minus: -1.7976931348623157e308,
      i: 9007199254740991,
    });
    await sink.write(
      createBatch(
        's',
        [undefined, 1],
        [{pets: {f: {big: 'x', small: 'x', minus: 'x', i: 'x'}}}, {}],
      ),
    );
    const {rows: texts} =
      await sql<any>`select * from pets where room like 'r%'`.execute(db);
    expect(texts[0]).toMatchObject({
      big: '1e+308',
      small: '5e-324',
      minus: '-1.7976931348623157e+308',
      i: '9007199254740991',
    });
  });

  it('keeps column of 150 texts', async () => {
    const db = connect(`set session sql_mode = ''`);
    const sink = createSqlSink({db, tabular: true});
    const row = Object.fromEntries(
      Array.from({length: 200}, (_, i) => [`c${i}`, '💥'.repeat(12)]),
    );
    await sink.write(
      createBatch(
        '💥'.repeat(127),
        [undefined, 1],
        [{pets: {['é'.repeat(255)]: row}}, {}],
      ),
    );
    const {rows} = await sql<any>`select * from pets`.execute(db);
    expect(rows[0].c149).toBe('💥'.repeat(12));
    expect(JSON.parse(rows[0].more_cells).c199).toBe('💥'.repeat(12));
  });
});

describe.skipIf(await isSqlMissing('postgres'))('PostgreSQL', () => {
  let database: SqlDatabase;
  let pool: pg.Pool;
  beforeEach(async () => {
    database = await createSqlDatabase('postgres');
  });
  afterEach(async () => {
    await pool?.end();
    await database.drop();
  });
  const connect = (options: string, max = 4): Kysely<any> => {
    pool = new pg.Pool({connectionString: database.url, options, max});
    pool.on('error', () => {});
    // A client that is in use tells of it itself.
    pool.on('connect', (client) => client.on('error', () => {}));
    return new Kysely<any>({dialect: new PostgresDialect({pool})});
  };

  it.each([
    '-c extra_float_digits=0',
    '-c extra_float_digits=-15',
    '-c standard_conforming_strings=off -c escape_string_warning=off',
    '-c default_transaction_isolation=serializable',
    '-c bytea_output=escape -c IntervalStyle=iso_8601 -c DateStyle=German -c lc_numeric=C',
    '-c quote_all_identifiers=on -c search_path=public,pg_catalog',
  ])('widens exactly with %s', async (options) => {
    const db = connect(options, 1);
    const numbers = [
      0.1 + 0.2,
      1e308,
      5e-324,
      1e21,
      1e-7,
      1.5e-7,
      123456789012345680000,
      -1e-10,
      9007199254740991,
      1 / 3,
    ];
    const row = Object.fromEntries(numbers.map((n, i) => [`n${i}`, n]));
    const sink = createSqlSink({db, tabular: true});
    await sink.write(
      createBatch("a'\\b", [undefined, 1], [{pets: {fido: row}}, {}]),
    );
    const texts = Object.fromEntries(numbers.map((_, i) => [`n${i}`, 'x']));
    await sink.write(
      createBatch('b', [undefined, 1], [{pets: {fido: texts}}, {}]),
    );
    const {rows} = await sql<any>`select * from pets order by room`.execute(db);
    expect(numbers.map((_, i) => rows[0][`n${i}`])).toEqual(
      numbers.map(String),
    );
  });

  it.each([
    ['pets', 'pets_pkey'],
    ['pets_pkey', 'pets'],
    ['documents_pkey'],
    ['mirror_catalog_pkey', 'pets_pkey1', 'pets_pkey', 'pets'],
    ['_pets', 'pets', '__pets'],
  ])(
    'takes Tables called as what PostgreSQL makes beside tables: %s %s %s',
    async (...names) => {
      const db = connect('');
      const sink = createSqlSink({db, tabular: true, tablePrefix: 'm_'});
      const content: Content = [{}, {}];
      let offset = 0;
      for (const name of names) {
        (content[0] as any)[name] = {a: {name}};
        await sink.write(
          createBatch('r', [offset || undefined, ++offset], content),
        );
      }
      expect(await sink.read('r')).toMatchObject({offset});
    },
  );

  it('survives a backend that is killed in a transaction', async () => {
    const db = connect('', 1);
    const other = database.connect();
    const sink = createSqlSink({db, tabular: true});
    await sink.write(
      createBatch('r', [undefined, 1], [{pets: {a: {b: 1}}}, {}]),
    );
    await other.transaction().execute(async (trx) => {
      await sql`select * from documents for update`.execute(trx);
      const writing = sink
        .write(createBatch('r', [1, 2], [{pets: {a: {b: 2}}}, {}]))
        .catch((error) => error);
      for (;;) {
        const {rows} =
          await sql<any>`select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(
            trx,
          );
        if (rows.length) {
          await sql`select pg_terminate_backend(${rows[0].pid})`.execute(trx);
          break;
        }
      }
      expect(await writing).toBeInstanceOf(Error);
    });
    expect(
      await sink.write(createBatch('r', [1, 2], [{pets: {a: {b: 2}}}, {}])),
    ).toBe(true);
  });

  it('takes deep Cells', async () => {
    const db = connect('');
    const deep = (n: number) => JSON.parse('['.repeat(n) + ']'.repeat(n));
    const sink = createSqlSink({db, tabular: true, history: true});
    for (const n of [100, 500, 1000, 3000]) {
      await sink.write(
        createBatch(
          `r${n}`,
          [undefined, 1],
          [{pets: {a: {b: deep(n)}}}, {v: deep(n)}],
        ),
      );
    }
  });
});

describe.each(SQL_KINDS)('in %s', async (kind) => {
  describe.skipIf(await isSqlMissing(kind))('', () => {
    let database: SqlDatabase;
    beforeEach(async () => {
      database = await createSqlDatabase(kind);
    });
    afterEach(() => database.drop());

    it('says which table is missing, and makes all anew when all are gone', async () => {
      const db = database.connect();
      const sink = createSqlSink({db, tabular: true, history: true});
      await sink.write(
        createBatch('r', [undefined, 1], [{pets: {a: {b: 1}}}, {}]),
      );
      for (const name of [
        'documents',
        'history',
        'pets',
        'mirror_catalog',
        'mirror_version',
        'mirror_rooms',
        'room_values',
        'more_rows',
      ]) {
        await sql`drop table ${sql.id(name)}`.execute(db);
      }
      await sink.open!();
      expect(await sink.read('r')).toBeUndefined();
      expect(
        await sink.write(
          createBatch('r', [undefined, 2], [{pets: {a: {b: 1}}}, {}]),
        ),
      ).toBe(true);
    });

    it.each(['documents', 'history', 'room_values'])(
      'leaves a %s of the app alone',
      async (name) => {
        const db = database.connect();
        await sql`create table ${sql.id(name)} (room varchar(20), content varchar(20))`.execute(
          db,
        );
        await sql`insert into ${sql.id(name)} values ('r', 'own')`.execute(db);
        const sink = createSqlSink({db, tabular: true, history: true});
        const outcome = await sink
          .write(createBatch('r', [undefined, 1], [{pets: {a: {b: 1}}}, {}]))
          .catch(String);
        expect(outcome).toContain('tablePrefix');
        expect(
          (await sql`select * from ${sql.id(name)}`.execute(db)).rows,
        ).toEqual([{room: 'r', content: 'own'}]);
      },
    );
  });
});
