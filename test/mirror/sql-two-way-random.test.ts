/** Others, the room and crashing mirrors at once: nothing is lost or told twice. */
import {type Kysely, type LogEvent, sql} from 'kysely';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Position, Sink} from '../../src/mirror/sink.js';
import {createSqlSink} from '../../src/mirror/sql/index.js';
import {
  createMirroredStore,
  type MirroredStore,
} from '../support/mirrored-store.js';
import {
  createRandomInteger,
  type RandomInteger,
} from '../support/random-edits.js';
import {
  createSqlDatabase,
  isSqlMissing,
  SQL_KINDS,
  type SqlDatabase,
} from '../support/databases/sql-database.js';
import {testWhere} from '../support/test-where.js';
import {
  expectLines,
  readCatalog,
  readLines,
} from '../support/databases/sql-tables.js';

const SEED = Number(process.env.SEED ?? 1);
const ROOM = 'room';
const TABLES = ['t', 'u'];
const ROWS = ['a', 'b', 'c', 'd', 'e'];
const COLUMNS: [column: string, values: unknown[]][] = [
  ['number', [null, 0, 1, 2.5, 1e21]],
  ['text', [null, '', 'x', '1', "it's", 'true']],
  ['flag', [null, true, false]],
];

describe.each(SQL_KINDS)('in %s', async (kind) => {
  describe.skipIf(await isSqlMissing(kind))('', () => {
    let database: SqlDatabase;
    let db: Kysely<any>;
    let mirrored: MirroredStore;
    /** Statements until the mirror crashes. */
    let left = Infinity;

    beforeEach(async () => {
      database = await createSqlDatabase(kind);
      db = database.connect();
      mirrored = createMirroredStore(ROOM);
      left = Infinity;
      // So that all columns are there.
      for (const table of TABLES) {
        mirrored.store.setRow(table, 'first', {
          number: 1,
          text: 'x',
          flag: true,
        });
      }
    });
    afterEach(() => database.drop());

    const createTwoWay = (): Sink => {
      // Kysely would leave a transaction open of which the begin has failed.
      const log = ({query}: LogEvent): void => {
        if (!query.sql.startsWith('begin') && --left == 0) {
          throw new Error('crash');
        }
      };
      const db = database.connect({log});
      return createSqlSink({db, tabular: true, twoWay: true, maxColumns: 3});
    };

    /** A mirror, and the room that it tells; both forget nothing, the sink does. */
    const createMirror = () => {
      let sink = createTwoWay();
      const answers = new Map<string, Position>();
      const write = async (): Promise<void> => {
        const {epoch, offset} = (await sink.read(ROOM)) ?? {};
        if (offset != mirrored.position.offset) {
          const after = offset == null ? undefined : {epoch: epoch!, offset};
          expect(await sink.write(mirrored.getBatch(after))).toBe(true);
        }
      };
      const push = async (): Promise<boolean> => {
        const edits = await sink.twoWay!.take(ROOM);
        if (!edits) {
          return false;
        }
        const {clientId, number, changes} = edits;
        const key = `${clientId}.${number}`;
        if (!answers.has(key)) {
          expect(number).toBe(answers.size + 1);
          mirrored.store.applyChanges(changes);
          answers.set(key, {...mirrored.position});
        }
        await write();
        const {position} = mirrored;
        const content = structuredClone(mirrored.store.getContent());
        await sink.twoWay!.settle(ROOM, number, {...position, content});
        return true;
      };
      const restart = (): void => {
        left = Infinity;
        sink = createTwoWay();
      };
      return {
        write,
        push,
        /** Does it, and dies after some statements; says whether it did. */
        crash: async (act: () => Promise<unknown>, after: number) => {
          await sink.listRooms();
          left = after;
          const isDead = await act().then(
            () => false,
            (error: unknown) => {
              expect(String(error)).toMatch(/crash/);
              return true;
            },
          );
          restart();
          return isDead;
        },
        drain: async () => {
          while ((await push()) || (await sink.twoWay!.listEdited()).length) {
            // Until nothing is left.
          }
        },
      };
    };

    const toLiteral = (value: unknown): string =>
      value == null
        ? 'null'
        : typeof value == 'string'
          ? `'${value.replaceAll("'", "''")}'`
          : typeof value == 'boolean' && kind != 'postgres'
            ? `${Number(value)}`
            : JSON.stringify(value);

    type Model = Map<string, Map<string, unknown>>;

    /** One statement of others, and what the model is then. */
    const createEdit = (random: RandomInteger, model: Model): string => {
      const table = TABLES[random(TABLES.length)]!;
      const row = ROWS[random(ROWS.length)]!;
      const key = `${table}/${row}`;
      if (random(5) == 0) {
        model.delete(key);
        return `delete from ${table} where room = '${ROOM}' and row_id = '${row}'`;
      }
      const cells = COLUMNS.filter(() => random(2)).map(
        ([column, values]) =>
          [column, values[random(values.length)]] as [string, unknown],
      );
      // Always one that is not null, or there would be no Row.
      cells.push(['more', random(100)]);
      const names = cells.map(([column]) => column);
      const row_ = model.get(key) ?? new Map<string, unknown>();
      model.set(key, row_);
      cells.forEach(([column, value]) =>
        value == null ? row_.delete(column) : row_.set(column, value),
      );
      const sets = names
        .filter((name) => name != 'more')
        .concat('more_cells')
        .map((name) =>
          kind == 'mysql'
            ? `${name} = values(${name})`
            : `${name} = excluded.${name}`,
        );
      const values = cells.map(([column, value]) =>
        column == 'more' ? `'{"more":${String(value)}}'` : toLiteral(value),
      );
      const columns = names.map((name) =>
        name == 'more' ? 'more_cells' : name,
      );
      return `insert into ${table} (room, row_id, ${columns.join(', ')})
        values ('${ROOM}', '${row}', ${values.join(', ')})
        on ${
          kind == 'mysql'
            ? 'duplicate key update'
            : 'conflict (room, row_id) do update set'
        } ${sets.join(', ')}`;
    };

    /** Again where the mirror was in the way, as an app does it. */
    const edit = async (statements: string[]): Promise<void> => {
      for (;;) {
        try {
          await db.transaction().execute(async (trx) => {
            for (const statement of statements) {
              await sql.raw(statement).execute(trx);
            }
          });
          return;
        } catch (error) {
          if (!/deadlock|busy|locked/i.test(String(error))) {
            throw error;
          }
        }
      }
    };

    const check = async (): Promise<void> => {
      const catalog = await readCatalog(db, kind);
      expect([...(await readLines(db, kind, {room: ROOM}))].sort()).toEqual(
        [...expectLines(kind, mirrored.store.getContent(), catalog)].sort(),
      );
      const {rows} = await sql`select * from mirror_outbox`.execute(db);
      expect(rows).toEqual([]);
    };

    const checkModel = (model: Model): void => {
      const found: [string, unknown][] = [];
      for (const table of TABLES) {
        mirrored.store.forEachRow(table, (row) => {
          if (row != 'first') {
            found.push([`${table}/${row}`, mirrored.store.getRow(table, row)]);
          }
        });
      }
      const expected = [...model].map(([key, row]) => [
        key,
        Object.fromEntries(row),
      ]);
      expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
    };

    it(`tells exactly what others do, one after the other, seed ${SEED}`, async () => {
      const random = createRandomInteger(SEED);
      const mirror = createMirror();
      const model: Model = new Map();
      await mirror.write();
      for (let step = 0; step < 120; step++) {
        const what = random(8);
        if (what < 4) {
          const count = 1 + random(3);
          await edit(
            Array.from({length: count}, () => createEdit(random, model)),
          );
        } else if (what < 6) {
          await mirror.push();
        } else {
          await mirror.crash(mirror.push, 1 + random(60));
        }
      }
      await mirror.drain();
      checkModel(model);
      await check();
    }, 120_000);

    testWhere(kind != 'sqlite')(
      `tells exactly what others do at the same time, seed ${SEED}`,
      async () => {
        const random = createRandomInteger(SEED);
        const mirror = createMirror();
        const model: Model = new Map();
        await mirror.write();
        const state = {isOver: false};
        const others = async (): Promise<void> => {
          for (let step = 0; step < 150; step++) {
            const count = 1 + random(2);
            await edit(
              Array.from({length: count}, () => createEdit(random, model)),
            );
          }
          state.isOver = true;
        };
        const mirrors = async (): Promise<void> => {
          while (!state.isOver) {
            await mirror.push().catch((error: unknown) => {
              expect(String(error)).toMatch(/deadlock/i);
            });
          }
        };
        await Promise.all([others(), mirrors()]);
        await mirror.drain();
        checkModel(model);
        await check();
      },
      120_000,
    );

    it(`has what the room has in the end, seed ${SEED}`, async () => {
      const random = createRandomInteger(SEED);
      const mirror = createMirror();
      await mirror.write();
      for (let step = 0; step < 150; step++) {
        const what = random(12);
        if (what < 4) {
          await edit([createEdit(random, new Map())]);
        } else if (what < 7) {
          const {store} = mirrored;
          const table = TABLES[random(TABLES.length)]!;
          const row = ROWS[random(ROWS.length)]!;
          const [column, values] = COLUMNS[random(COLUMNS.length)]!;
          const cell: any = values[random(values.length)];
          const how = random(10);
          how == 0
            ? store.delTable(table)
            : how < 3
              ? store.delRow(table, row)
              : how < 5
                ? store.setRow(table, row, {[column]: cell, more: step})
                : store.setCell(table, row, column, cell);
        } else if (what < 9) {
          await mirror.write();
        } else if (what < 11) {
          await mirror.push();
        } else {
          await mirror.crash(
            random(2) ? mirror.push : mirror.write,
            1 + random(60),
          );
        }
      }
      await mirror.write();
      await mirror.drain();
      await check();
    }, 120_000);
  });
});
