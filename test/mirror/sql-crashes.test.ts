/** A batch is written as a whole, and tables are made, whatever crashes on the way. */
import {type LogEvent, sql} from 'kysely';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type {Sink} from '../../src/mirror/sink.js';
import {createSqlSink} from '../../src/mirror/sql/index.js';
import {
  createMirroredStore,
  type MirroredStore,
} from '../support/mirrored-store.js';
import {
  createSqlDatabase,
  isSqlMissing,
  SQL_KINDS,
  type SqlDatabase,
} from '../support/databases/sql-database.js';
import {
  expectLines,
  readCatalog,
  readLines,
} from '../support/databases/sql-tables.js';

const ROOMS = ['a', 'b'];
// Making tables is slow: STEP=1 crashes after each statement, otherwise it is every
// fourth, from the one on that the seed says.
const SEED = Number(process.env.SEED ?? 1);
const STEP = Number(process.env.STEP ?? 4);

describe.each(SQL_KINDS)('in %s', async (kind) => {
  describe.skipIf(await isSqlMissing(kind))('', () => {
    let database: SqlDatabase;
    beforeAll(async () => {
      database = await createSqlDatabase(kind);
    });
    afterAll(() => database.drop());

    const writeAll = async (
      sink: Sink,
      {position, getBatch}: MirroredStore,
      room: string,
    ): Promise<void> => {
      const {epoch, offset} = (await sink.read(room)) ?? {};
      if (offset !== position.offset) {
        const after = offset == null ? undefined : {epoch: epoch!, offset};
        expect(await sink.write({...getBatch(after), room})).toBe(true);
      }
    };

    /** Crashes after a number of statements; says whether it came to that. */
    const crash = async (after: number): Promise<boolean> => {
      const tablePrefix = `c${after}_`;
      const options = {history: true, tabular: true, twoWay: true, tablePrefix};
      const db = database.connect();
      const another = createSqlSink({db, ...options});
      const [a, b] = ROOMS.map((room) => createMirroredStore(room)) as [
        MirroredStore,
        MirroredStore,
      ];
      for (const {store} of [a, b]) {
        store.setTable('t', {
          r1: {number: 1e21, flag: true, list: [1], text: 'x', other: 1},
          r2: {number: 0.1, flag: false, list: {a: 1}, other: 1e-7},
        });
        store.setTable('v', {r: {c: 1}});
      }
      await writeAll(another, a, 'a');
      await writeAll(another, b, 'b');
      const begun = a.position.offset;

      a.store.setTables({
        t: {r1: {number: 'text', flag: 1, list: 'text', more: 1, other: true}},
        u: {r1: {c: 1}},
        v: {r: {c: 'text', d: true}},
      });
      const state = {left: Infinity};
      const log = ({query}: LogEvent): void => {
        if (--state.left == 0) {
          throw new Error(`crash after ${query.sql}`);
        }
      };
      const crashing = database.connect({log});
      const sink = createSqlSink({db: crashing, ...options});
      await sink.read('a');
      state.left = after;
      const error = await writeAll(sink, a, 'a').then(
        () => undefined,
        (error: unknown) => String(error),
      );
      await crashing.destroy();
      // What has come of the batch has come to all places, or to none.
      const history = await sql<{offset: number | string}>`
        select ${sql.id('offset')} from ${sql.id(`${tablePrefix}history`)}
        where room = 'a' order by ${sql.id('offset')}`.execute(db);
      const {offset: reached} = (await another.read('a'))!;
      expect(
        history.rows.map(({offset}) => Number(offset)),
        `${error}`,
      ).toEqual(reached == begun ? [begun] : [begun, begun + 1]);

      const check = async (room: string, store: MirroredStore['store']) => {
        const catalog = await readCatalog(db, kind, options.tablePrefix);
        const where = {room, prefix: options.tablePrefix};
        expect(
          [...(await readLines(db, kind, where))].sort(),
          `${error}, room ${room}`,
        ).toEqual([...expectLines(kind, store.getContent(), catalog)].sort());
      };
      // By one that was there before, and by one that comes after.
      b.store.setCell('t', 'r1', 'number', 2);
      await writeAll(another, b, 'b');
      await check('b', b.store);
      const third = createSqlSink({db, ...options});
      await writeAll(after % 2 ? another : third, a, 'a');
      await check('a', a.store);
      await check('b', b.store);
      b.store.setTable('u', {r2: {c: 'text'}});
      await writeAll(third, b, 'b');
      await check('a', a.store);
      await check('b', b.store);
      // Triggers have all columns, and have taken nothing for another's.
      expect(await third.twoWay!.listEdited()).toEqual([]);
      const table = sql.id(`${options.tablePrefix}t`);
      await sql`update ${table} set more = 2, number = 'edited'
        where room = 'a' and row_id = 'r1'`.execute(db);
      expect((await third.twoWay!.take('a'))?.changes).toEqual([
        {t: {r1: {more: 2, number: 'edited'}}},
        {},
        1,
      ]);
      await db.destroy();
      return error !== undefined;
    };

    it(`writes all or nothing, and makes and widens tables, whatever crashes, seed ${SEED}`, async () => {
      let after = 1 + (SEED % STEP);
      while (await crash(after)) {
        after += STEP;
      }
      expect(after).toBeGreaterThan(25);
    }, 600_000);
  });
});
