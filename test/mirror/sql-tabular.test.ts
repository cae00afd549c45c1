/** Tables as tables, in each kind of database. */
import {sql} from 'kysely';
import type {Content} from 'tinybase';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Sink} from '../../src/mirror/sink.js';
import {
  createSqlSink,
  type SqlSinkOptions,
} from '../../src/mirror/sql/index.js';
import {
  createMirroredStore,
  type MirroredStore,
} from '../support/mirrored-store.js';
import {createRandomInteger, editAtRandom} from '../support/random-edits.js';
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

const SEED = Number(process.env.SEED ?? 1);

const IDS = [
  ...['a', 'A', 'a ', 'á', '', '__proto__', 'room', 'row_id', 'MORE_CELLS'],
  ...['documents', 'history', 'a.b', 'a?b', 'a"b', 'a`b', "a'b", 'a\\b', 'oid'],
  ...['rowid', 'select', 'sqlite_x', 'pg_class', 'ctid', 'a\0', '\ud800', '猫'],
  ...['x'.repeat(63), 'x'.repeat(64), 'x'.repeat(300), 'ö'.repeat(40)],
  ...['\u{1F4A5}', '1', 'a as b', 'tinybase_partykit_new', 'constructor'],
];

const THINGS = [
  ...[0, -1, 1.5, 1e21, 1e-7, 1e20, 123456789012345680000, 0.1 + 0.2, 1e308],
  ...[5e-324, 2 ** 53, 0.000001, true, false, null, '', 'text', '007', 'true'],
  ...['a\0b', '\ud800x', '{"a":1}', {a: 'b\0\ud800\\u0000'}, [], [1, [2]], {}],
  ...['null', 'x'.repeat(5000), '\u{1F4A5}', 'quote \' " ` \\ ? :x $1'],
];

/** Things of few types at first, so that columns are widened on the way. */
const editHostile = (
  {store}: MirroredStore,
  random: (limit: number) => number,
  ids: string[],
): void => {
  const pick = <One>(list: One[]): One => list[random(list.length)]!;
  store.transaction(() => {
    for (let edits = random(12); edits >= 0; edits--) {
      const [table, row, cell] = [pick(ids), pick(ids), pick(ids)];
      const what = random(20);
      what < 14
        ? store.setCell(table, row, cell, pick(THINGS))
        : what < 15
          ? store.delCell(table, row, cell)
          : what < 16
            ? store.delRow(table, row)
            : what < 17
              ? store.delTable(table)
              : store.setValue(row, pick(THINGS));
    }
  });
};

describe.each(SQL_KINDS)('in %s', async (kind) => {
  describe.skipIf(await isSqlMissing(kind))('', () => {
    let database: SqlDatabase;
    beforeEach(async () => {
      database = await createSqlDatabase(kind);
    });
    afterEach(() => database.drop());

    const createTabular = (options: Partial<SqlSinkOptions> = {}): Sink =>
      createSqlSink({db: database.connect(), tabular: true, ...options});

    const writeAll = async (
      sink: Sink,
      mirrored: MirroredStore,
      room = 'room',
    ): Promise<void> => {
      const state = await sink.read(room);
      expect(
        await sink.write({
          ...mirrored.getBatch(state && {...state}),
          room,
          after: state && {epoch: state.epoch, offset: state.offset},
        }),
      ).toBe(true);
    };

    const check = async (content: Content, room = 'room'): Promise<void> => {
      const db = database.connect();
      const catalog = await readCatalog(db, kind);
      const lines = await readLines(db, kind, {room});
      expect([...lines].sort()).toEqual(
        [...expectLines(kind, content, catalog)].sort(),
      );
    };

    it('makes tables that can be asked', async () => {
      const mirrored = createMirroredStore('room');
      const sink = createTabular();
      mirrored.store.setContent([
        {pets: {fido: {name: 'Fido', age: 3.5, sold: true, tags: ['a']}}},
        {open: true, name: 'Shop', none: null},
      ]);
      await writeAll(sink, mirrored);
      await check(mirrored.store.getContent());
      const db = database.connect();
      const {rows} = await sql<any>`
        select name, age, age + 1 as next from pets
        where room = 'room' and row_id = 'fido' and sold = true`.execute(db);
      expect(rows).toEqual([{name: 'Fido', age: 3.5, next: 4.5}]);

      mirrored.store.setPartialRow('pets', 'fido', {age: 4, name: null});
      mirrored.store.setRow('pets', 'cujo', {name: 'Cujo'});
      mirrored.store.delValue('none');
      await writeAll(sink, mirrored);
      await check(mirrored.store.getContent());
      mirrored.store.delRow('pets', 'fido');
      await writeAll(sink, mirrored);
      await check(mirrored.store.getContent());
      mirrored.store.delTables();
      await writeAll(sink, mirrored);
      await check(mirrored.store.getContent());
    });

    it('widens a column to text', async () => {
      const numbers = THINGS.filter((thing) => typeof thing == 'number');
      const {store, ...mirrored} = createMirroredStore('room');
      const sink = createTabular();
      for (const [index, number] of numbers.entries()) {
        store.setRow('t', `n${index}`, {
          number,
          flag: index % 2 == 0,
          both: number,
          list: [number],
          same: number,
        });
      }
      await writeAll(sink, {
        store,
        ...mirrored,
        position: {epoch: 'epoch', offset: numbers.length},
      });
      await check(store.getContent());
      // In another room, so that nothing of this one is written again.
      const other = createMirroredStore('other');
      other.store.setRow('t', 'x', {
        number: '007',
        flag: 'true',
        both: false,
        list: 'text',
      });
      await writeAll(createTabular(), other, 'other');
      await check(store.getContent());
      await check(other.store.getContent(), 'other');
      const types = (await readCatalog(database.connect(), kind)).map((row) => [
        row.cell_id,
        row.type,
      ]);
      expect(Object.fromEntries(types)).toEqual({
        null: null,
        number: 'text',
        flag: 'text',
        both: 'text',
        list: 'text',
        same: 'number',
      });
    });

    for (const limits of [{}, {maxTables: 3, maxColumns: 2}, {twoWay: true}]) {
      it(`keeps what has hostile ids, seed ${SEED}, ${JSON.stringify(limits)}`, async () => {
        const random = createRandomInteger(SEED);
        const errors: unknown[] = [];
        const options = {
          ...limits,
          onIgnoredError: (error: unknown) => errors.push(error),
        };
        // Two of them, and each finds what the other has made.
        const sinks = [createTabular(options), createTabular(options)];
        const rooms = ['a', 'A'].map((room) => createMirroredStore(room));
        for (let round = 0; round < 25; round++) {
          const index = random(2);
          const mirrored = rooms[index]!;
          // All of them by and by.
          const ids = IDS.slice(0, 3 + 2 * round);
          for (let edits = random(3); edits >= 0; edits--) {
            editHostile(mirrored, random, ids);
          }
          await writeAll(sinks[random(2)]!, mirrored, 'aA'[index]);
        }
        await check(rooms[0]!.store.getContent(), 'a');
        await check(rooms[1]!.store.getContent(), 'A');
        if ('twoWay' in limits) {
          // Triggers have taken all that for the mirror's own.
          expect(await sinks[0]!.twoWay!.listEdited()).toEqual([]);
        }
        const kinds = errors.map(
          (error) => /of a (\w+)/.exec(String(error))![1],
        );
        expect(new Set(kinds)).toEqual(
          new Set([
            'Row',
            'Value',
            ...('maxTables' in limits ? ['Table'] : []),
          ]),
        );
        expect(kinds.length).toBeLessThanOrEqual(6);
      });
    }

    it(`keeps up with random edits, seed ${SEED}`, async () => {
      const random = createRandomInteger(SEED);
      const mirrored = createMirroredStore('room');
      const sink = createTabular({document: false, history: true});
      for (let edit = 0; edit < 60; edit++) {
        editAtRandom(mirrored.store, random, edit);
        if (!random(3)) {
          await writeAll(sink, mirrored);
          await check(mirrored.store.getContent());
        }
      }
    });

    it('writes a room as a whole that has been without tables', async () => {
      const mirrored = createMirroredStore('room');
      const without = createSqlSink({db: database.connect()});
      mirrored.store.setCell('t', 'r1', 'c', 1);
      await writeAll(without, mirrored);
      mirrored.store.setCell('t', 'r2', 'c', 2);
      await writeAll(createTabular(), mirrored);
      await check(mirrored.store.getContent());
      mirrored.store.setCell('t', 'r1', 'c', 3);
      await writeAll(without, mirrored);
      mirrored.store.setCell('t', 'r2', 'c', 4);
      await writeAll(createTabular(), mirrored);
      await check(mirrored.store.getContent());
    });

    it('moves what other limits put elsewhere', async () => {
      const mirrored = createMirroredStore('room');
      mirrored.store.setTables({
        t: {r1: {a: 1, b: 2, c: 3}},
        u: {r1: {a: 1}},
      });
      await writeAll(createTabular({maxTables: 1, maxColumns: 1}), mirrored);
      await check(mirrored.store.getContent());
      mirrored.store.setCell('t', 'r2', 'b', 1);
      await writeAll(createTabular(), mirrored);
      await check(mirrored.store.getContent());
      const catalog = await readCatalog(database.connect(), kind);
      expect(catalog.length).toBe(6);
    });

    it("touches no table of an app's", async () => {
      const db = database.connect();
      await sql`create table pets (id integer, name text)`.execute(db);
      await sql`insert into pets values (1, 'theirs')`.execute(db);
      const mirrored = createMirroredStore('room');
      mirrored.store.setCell('pets', 'r1', 'name', 'ours');
      const errors: string[] = [];
      const sink = createTabular({
        onIgnoredError: (error) => errors.push(String(error)),
      });
      // Whoever may write to the room has named it: that must not stop the mirror.
      await writeAll(sink, mirrored);
      mirrored.store.setCell('pets', 'r2', 'name', 'ours, too');
      await writeAll(sink, mirrored);
      expect(errors).toHaveLength(1);
      expect(errors[0]).toMatch(/`pets` already.*`pets_2`.*`tablePrefix`/);
      const theirs = await sql`select * from pets`.execute(db);
      expect(theirs.rows).toEqual([{id: 1, name: 'theirs'}]);
      const ours = await sql<any>`select name from pets_2`.execute(db);
      expect(ours.rows).toHaveLength(2);
      await writeAll(createTabular({tablePrefix: 'm_'}), mirrored);
      const apart = await sql<any>`select name from m_pets`.execute(db);
      expect(apart.rows).toHaveLength(2);
    });

    it('writes to no column that somebody else has added', async () => {
      const db = database.connect();
      const mirrored = createMirroredStore('room');
      mirrored.store.setCell('t', 'r', 'a', 1);
      const sink = createTabular();
      await writeAll(sink, mirrored);
      await sql`alter table t add column note varchar(5)`.execute(db);
      await sql`update t set note = 'mine'`.execute(db);
      mirrored.store.setCell('t', 'r', 'note', 'longer than that');
      mirrored.store.setCell('t', 'r', 'a', 2);
      await writeAll(sink, mirrored);
      const {rows} = await sql<any>`select note, note_2 from t`.execute(db);
      expect(rows).toEqual([{note: 'mine', note_2: 'longer than that'}]);
    });

    it('lets many make tables at a time', async () => {
      const sinks = Array.from({length: 4}, () => createTabular());
      await Promise.all(sinks.map((sink) => sink.open!()));
      const rooms = sinks.map((_, index) => createMirroredStore(`${index}`));
      for (let round = 0; round < 6; round++) {
        await Promise.all(
          sinks.map(async (sink, index) => {
            const {store} = rooms[index]!;
            store.setCell(`t${round}`, 'r', `c${index}`, round);
            store.setCell('shared', 'r', `c${round}`, index % 2 ? 1 : 'a');
            await writeAll(sink, rooms[index]!, `${index}`);
          }),
        );
      }
      for (const [index, {store}] of rooms.entries()) {
        await check(store.getContent(), `${index}`);
      }
    });

    it('writes big tables', async () => {
      const mirrored = createMirroredStore('room');
      mirrored.store.transaction(() => {
        for (let row = 0; row < 3000; row++) {
          mirrored.store.setRow('big', `r${row}`, {row, text: 'x'.repeat(900)});
        }
        for (let cell = 0; cell < 400; cell++) {
          mirrored.store.setCell('wide', 'r', `c${cell}`, 'x'.repeat(40));
          mirrored.store.setCell(
            'wide',
            '\u{1F4A5}'.repeat(127),
            `c${cell}`,
            '',
          );
        }
      });
      await writeAll(createTabular(), mirrored);
      await check(mirrored.store.getContent());
    });
  });
});
