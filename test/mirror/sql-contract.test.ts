/** What any sink has to keep, in each kind of database and each mode. */
import {type Kysely, type LogEvent, sql} from 'kysely';
import {type Content, createStore} from 'tinybase';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {decodeChanges} from '../../src/protocol/decoded-changes.js';
import {
  type SinkStorage,
  sinkContract,
} from '../../src/mirror/contract/index.js';
import {
  createSqlSink,
  type SqlSinkOptions,
} from '../../src/mirror/sql/index.js';
import {
  createSqlDatabase,
  isSqlMissing,
  SQL_KINDS,
  type SqlDatabase,
  type SqlKind,
} from '../support/databases/sql-database.js';
import {
  expectLines,
  readCatalog,
  readLines,
} from '../support/databases/sql-tables.js';
import {getRuns} from '../support/runs.js';

// What cannot be a key is refused, which other tests look at.
const NOT_FOR_ROOMS = /^keeps rooms with ids (with NUL|of 10,000|with half)/;

/** In each mode of each kind, by a seed of its own: they add up. */
const RANDOM_BATCHES = getRuns('BATCHES', 60);

const MODES: {
  [what: string]: {
    options: Omit<SqlSinkOptions, 'db'>;
    /** After which statement a write that is broken fails. */
    breakAfter: RegExp;
  };
} = {
  documents: {options: {}, breakAfter: /^(insert|update)/},
  'history alone': {
    options: {document: false, history: true},
    breakAfter: /^insert into \S*history/,
  },
  'tables, two-way': {
    options: {history: true, tabular: true, twoWay: true},
    breakAfter: /^(insert into|delete from) \S*room_values/,
  },
};

/** Content as the history of a room has it, of which no commit may be missing. */
const readHistory = async (
  db: Kysely<any>,
  kind: SqlKind,
  {room, prefix}: {room: string; prefix: string},
): Promise<Content> => {
  const text = kind == 'postgres' ? sql`::text` : sql``;
  const [offset, after] = [sql.id('offset'), sql.id('after')];
  const {rows: places} = await sql<any>`
    select epoch, ${offset} from ${sql.id(`${prefix}documents`)}
    where room = ${room}`.execute(db);
  const [{epoch, offset: end}] = places;
  const {rows} = await sql<any>`
    select ${offset}, ${after}, changes${text} as changes
    from ${sql.id(`${prefix}history`)} where room = ${room} and epoch = ${epoch}
    order by ${offset}`.execute(db);
  const store = createStore();
  let last: unknown;
  for (const row of rows) {
    if (row.after == null) {
      store.delTables().delValues();
    } else {
      expect(Number(row.after)).toBe(last);
    }
    last = Number(row.offset);
    JSON.parse(row.changes).forEach((changes: any) =>
      store.applyChanges(decodeChanges(changes)),
    );
  }
  expect(last).toBe(Number(end));
  return store.getContent();
};

describe.each(SQL_KINDS)('in %s', async (kind) => {
  describe.skipIf(await isSqlMissing(kind))('', () => {
    let database: SqlDatabase;
    let storages = 0;
    beforeAll(async () => {
      database = await createSqlDatabase(kind);
    });
    afterAll(() => database.drop());

    const createStorage = ({
      options,
      breakAfter,
    }: (typeof MODES)[string]): SinkStorage => {
      // A prefix for each, as databases of their own take long to make.
      const tablePrefix = `s${storages++}_`;
      let isBreaking = false;
      const log = ({query}: LogEvent): void => {
        if (isBreaking && breakAfter.test(query.sql.trim())) {
          isBreaking = false;
          throw new Error('broken');
        }
      };
      const db = database.connect({log});
      const other = database.connect();
      return {
        createSink: () => createSqlSink({db, tablePrefix, ...options}),
        breakNextWrite: () => {
          isBreaking = true;
        },
        ...(options.history && {
          readContent: async (room) => {
            const where = {room, prefix: tablePrefix};
            const content = await readHistory(other, kind, where);
            if (options.tabular) {
              const catalog = await readCatalog(other, kind, tablePrefix);
              expect([...(await readLines(other, kind, where))].sort()).toEqual(
                [...expectLines(kind, content, catalog)].sort(),
              );
            }
            return content;
          },
        }),
        remove: async () => {
          await Promise.all([db.destroy(), other.destroy()]);
        },
      };
    };

    for (const [what, mode] of Object.entries(MODES)) {
      describe(what, () => {
        for (const {name, run} of sinkContract(() => createStorage(mode), {
          cells: 5_000,
          randomBatches: RANDOM_BATCHES,
        })) {
          if (!NOT_FOR_ROOMS.test(name)) {
            test(name, run, 60_000);
          }
        }
      });
    }
  });
});
