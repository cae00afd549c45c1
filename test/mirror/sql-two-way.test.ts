/** What others change in tables reaches the room, in each kind of database. */
import {type Kysely, sql} from 'kysely';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Sink, SinkEdits} from '../../src/mirror/sink.js';
import {
  createSqlSink,
  type SqlSinkOptions,
} from '../../src/mirror/sql/index.js';
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
import {testWhere} from '../support/test-where.js';
import {
  expectLines,
  readCatalog,
  readLines,
} from '../support/databases/sql-tables.js';

const ROOM = 'room';

describe.each(SQL_KINDS)('in %s', async (kind) => {
  describe.skipIf(await isSqlMissing(kind))('', () => {
    let database: SqlDatabase;
    let db: Kysely<any>;
    let sink: Sink;
    let mirrored: MirroredStore;
    const errors: string[] = [];

    const createTwoWay = (options: Partial<SqlSinkOptions> = {}): Sink =>
      createSqlSink({
        db: database.connect(),
        tabular: true,
        twoWay: true,
        onIgnoredError: (error) => errors.push(String(error)),
        ...options,
      });

    beforeEach(async () => {
      database = await createSqlDatabase(kind);
      db = database.connect();
      sink = createTwoWay();
      mirrored = createMirroredStore(ROOM);
      errors.length = 0;
    });
    afterEach(() => database.drop());

    const run = (statement: string) => sql.raw(statement).execute(db);

    const write = async (): Promise<void> => {
      const {epoch, offset} = (await sink.read(ROOM)) ?? {};
      const after = offset == null ? undefined : {epoch: epoch!, offset};
      expect(await sink.write(mirrored.getBatch(after))).toBe(true);
    };

    const check = async (): Promise<void> => {
      const catalog = await readCatalog(db, kind);
      expect([...(await readLines(db, kind, {room: ROOM}))].sort()).toEqual(
        [...expectLines(kind, mirrored.store.getContent(), catalog)].sort(),
      );
    };

    /** What the room does with what it is told. */
    const apply = async ({changes}: SinkEdits): Promise<void> => {
      mirrored.store.applyChanges(changes);
      await write();
    };

    const settle = (number: number): Promise<boolean> =>
      sink.twoWay!.settle(ROOM, number, {
        ...mirrored.position,
        content: mirrored.store.getContent(),
      });

    /** Until there is nothing left; returns all changes. */
    const pushAll = async (): Promise<unknown[]> => {
      const all = [];
      while ((await sink.twoWay!.listEdited()).length) {
        const edits = await sink.twoWay!.take(ROOM);
        if (edits) {
          all.push(edits.changes);
          await apply(edits);
          expect(await settle(edits.number)).toBe(true);
        }
      }
      expect(await sink.twoWay!.take(ROOM)).toBe(undefined);
      await check();
      return all;
    };

    const start = async (): Promise<void> => {
      mirrored.store.setContent([
        {
          pets: {
            fido: {name: 'Fido', age: 3, sold: false, tags: ['a'], mix: 1},
            felix: {name: 'Felix', age: 5, sold: true, mix: 'x'},
          },
        },
        {open: true, name: 'Shop'},
      ]);
      await write();
    };

    it('captures nothing of its own', async () => {
      await start();
      mirrored.store.setCell('pets', 'fido', 'age', 'text');
      mirrored.store.delRow('pets', 'felix');
      mirrored.store.setCell('toys', 'ball', 'red', true);
      mirrored.store.delValue('open');
      await write();
      mirrored.store.setTable('pets', {rex: {age: 1}});
      await write();
      expect(await sink.twoWay!.listEdited()).toEqual([]);
      expect(await sink.twoWay!.take(ROOM)).toBe(undefined);
      const {rows} = await sql`select * from mirror_outbox`.execute(db);
      expect(rows).toEqual([]);
    });

    it('tells the room of what others do', async () => {
      await start();
      await run(
        `update pets set age = 4.5, name = null, sold = true where row_id = 'fido'`,
      );
      await run(
        `insert into pets (room, row_id, name, age) values ('room', 'rex', 'Rex ''', 1e20)`,
      );
      await run(`delete from pets where row_id = 'felix'`);
      await run(
        `update room_values set value = '"New"' where value_id = 'name'`,
      );
      await run(
        `insert into room_values (room, value_id, value) values ('room', 'list', '[1,"a"]')`,
      );
      await run(`delete from room_values where value_id = 'open'`);
      expect(await sink.twoWay!.listEdited()).toEqual([ROOM]);
      expect(await pushAll()).toEqual([
        [
          {
            pets: {
              fido: {age: 4.5, name: undefined, sold: true},
              rex: {name: "Rex '", age: 1e20},
              felix: undefined,
            },
          },
          {name: 'New', list: [1, 'a'], open: undefined},
          1,
        ],
      ]);
      expect(errors).toEqual([]);
    });

    it('keeps what Cells are in a column of text', async () => {
      await start();
      await run(`update pets set mix = '2' where row_id = 'fido'`);
      await run(`update pets set mix = '3' where row_id = 'felix'`);
      await run(
        `insert into pets (room, row_id, mix, tags) values ('room', 'rex', '4', '{"a":1}')`,
      );
      expect(await pushAll()).toEqual([
        [
          {
            pets: {
              fido: {mix: 2},
              felix: {mix: '3'},
              rex: {mix: '4', tags: {a: 1}},
            },
          },
          {},
          1,
        ],
      ]);
      await run(`update pets set mix = 'two' where row_id = 'fido'`);
      await run(`update pets set mix = '007' where row_id = 'fido'`);
      expect(await pushAll()).toEqual([[{pets: {fido: {mix: '007'}}}, {}, 1]]);
    });

    it('is asked the same until it is settled, with a number each', async () => {
      await start();
      await run(`update pets set age = 10 where row_id = 'fido'`);
      const first = (await sink.twoWay!.take(ROOM))!;
      expect(first.number).toBe(1);
      expect(first.clientId).toMatch(/^[\w-]{1,64}$/);
      // By another after a crash, with more to take.
      await run(`update pets set age = 11 where row_id = 'fido'`);
      await run(`update pets set age = 12 where row_id = 'felix'`);
      sink = createTwoWay();
      expect(await sink.twoWay!.take(ROOM)).toEqual(first);
      await apply(first);
      // The newer one is not lost by what the room has.
      expect(await settle(1)).toBe(true);
      expect(await settle(1)).toBe(true);
      const {rows} = await sql<any>`
        select age from pets where row_id = 'fido'`.execute(db);
      expect(rows[0].age).toBe(11);
      const second = (await sink.twoWay!.take(ROOM))!;
      expect(second).toEqual({
        clientId: first.clientId,
        number: 2,
        changes: [{pets: {fido: {age: 11}, felix: {age: 12}}}, {}, 1],
      });
      expect(await settle(1)).toBe(true);
      expect((await sink.twoWay!.take(ROOM))!.number).toBe(2);
      await apply(second);
      expect(await settle(2)).toBe(true);
      expect(await sink.twoWay!.listEdited()).toEqual([]);
      await check();
    });

    it('has what the room has decided in the end', async () => {
      await start();
      await run(`update pets set age = 10 where row_id = 'fido'`);
      await run(`delete from pets where row_id = 'felix'`);
      await run(
        `insert into pets (room, row_id, age) values ('room', 'no', 1)`,
      );
      const edits = (await sink.twoWay!.take(ROOM))!;
      // The room takes nothing of that.
      expect(
        await sink.twoWay!.settle(ROOM, edits.number, {
          epoch: 'epoch',
          offset: 99,
          content: [{}, {}],
        }),
      ).toBe(false);
      expect(await sink.twoWay!.take(ROOM)).toEqual(edits);
      expect(await settle(edits.number)).toBe(true);
      await check();
      expect(await sink.twoWay!.listEdited()).toEqual([]);
    });

    it('takes a row that goes and comes for another', async () => {
      await start();
      await run(`delete from pets where row_id = 'fido'`);
      await run(
        `insert into pets (room, row_id, name) values ('room', 'fido', 'Dog')`,
      );
      await run(`update pets set row_id = 'cat' where row_id = 'felix'`);
      expect(await pushAll()).toEqual([
        [
          {
            pets: {
              fido: {
                name: 'Dog',
                age: undefined,
                sold: undefined,
                tags: undefined,
                mix: undefined,
              },
              felix: undefined,
              cat: {name: 'Felix', age: 5, sold: true, mix: 'x'},
            },
          },
          {},
          1,
        ],
      ]);
    });

    it('puts back what no Cell can be', async () => {
      await start();
      await run(`update pets set name = '\uFFFC' where row_id = 'fido'`);
      await run(`update pets set name = '\uFFFD{"a":' where row_id = 'felix'`);
      if (kind != 'postgres') {
        await run(`update pets set tags = '[1' where row_id = 'fido'`);
        await run(`update pets set sold = 7 where row_id = 'fido'`);
      }
      if (kind == 'postgres') {
        await run(`update pets set age = 'NaN' where row_id = 'fido'`);
      }
      if (kind == 'sqlite') {
        await run(`update pets set age = 9e999 where row_id = 'fido'`);
        await run(`update pets set name = x'00ff' where row_id = 'fido'`);
      }
      expect(await pushAll()).toEqual([]);
      expect(errors.length).toBe(1);
      expect(errors[0]).toMatch(/"room" cannot be a Cell.*"name".*"name"/);
    });

    it('captures text exactly', async () => {
      const texts = [
        ...[
          'quote \' " ` \\',
          '\\u0041\\n',
          '\n\r\t\b\f\u0001\u001f',
          '\u007f\u2028',
        ],
        ...[
          '\u{1F4A5} 猫 é e\u0301',
          'x'.repeat(300_000),
          ' a ',
          '',
          'null',
          '%s ?',
        ],
        ...(kind == 'postgres' ? [] : ['a\0b', '\0']),
      ];
      mirrored.store.setCell('t', 'first', 'text', 'x');
      await write();
      for (const [index, text] of texts.entries()) {
        await sql`insert into t (room, row_id, text)
          values (${ROOM}, ${`r${index}`}, ${text})`.execute(db);
        await sql`update t set text = ${`${text}!`}
          where row_id = ${`r${index}`}`.execute(db);
      }
      await pushAll();
      for (const [index, text] of texts.entries()) {
        expect(mirrored.store.getCell('t', `r${index}`, 'text')).toBe(
          `${text}!`,
        );
      }
    });

    it('captures numbers exactly', async () => {
      const numbers = [0.1 + 0.2, 1e308, -1e308, 5e-324, 1e21, 1e-7, 2 ** 53];
      numbers.push(
        123_456_789.123_456_79,
        -(2 ** 31) - 1,
        1.7976931348623157e308,
      );
      mirrored.store.setCell('t', 'first', 'number', 1);
      await write();
      for (const [index, number] of numbers.entries()) {
        await sql`insert into t (room, row_id, number)
          values (${ROOM}, ${`r${index}`}, ${number})`.execute(db);
      }
      await pushAll();
      for (const [index, number] of numbers.entries()) {
        expect(mirrored.store.getCell('t', `r${index}`, 'number')).toBe(number);
      }
    });

    testWhere(kind == 'postgres')('captures TRUNCATE', async () => {
      await start();
      await run('truncate pets');
      expect(await pushAll()).toEqual([
        [{pets: {fido: undefined, felix: undefined}}, {}, 1],
      ]);
    });

    testWhere(kind != 'postgres')('captures REPLACE', async () => {
      await start();
      await run(
        `replace into pets (room, row_id, name) values ('room', 'fido', 'New')`,
      );
      const [[tables]] = (await pushAll()) as any[];
      expect(tables.pets.fido).toEqual({
        ...{name: 'New', age: undefined, sold: undefined},
        ...{tags: undefined, mix: undefined},
      });
    });

    it('captures what is in JSON', async () => {
      mirrored.store.setTables({
        t: {r: {a: 1, b: 'x', c: [1], d: true}},
        u: {r: {a: 1, b: null}},
      });
      sink = createTwoWay({maxTables: 1, maxColumns: 1});
      await write();
      await check();
      await run(
        `update t set more_cells = '{"b":"y","d":true,"__proto__":{"e":1}}', a = 2`,
      );
      await run(`update more_rows set more_cells = '{"a":2,"b":null}'`);
      await run(
        `insert into more_rows (room, table_id, row_id, more_cells)
        values ('room', 'v', 'r', '{"x":false}')`,
      );
      const [changes] = (await pushAll()) as any[];
      expect(JSON.stringify(changes[0].t)).toBe(
        JSON.stringify({
          r: JSON.parse('{"a":2,"b":"y","__proto__":{"e":1}}'),
        }),
      );
      expect(Object.keys(changes[0].t.r)).toContain('c');
      expect(changes[0].u).toEqual({r: {a: 2}});
      expect(changes[0].v).toEqual({r: {x: false}});
    });

    it('keeps up with columns that come', async () => {
      await start();
      mirrored.store.setRow('pets', 'fido', {age: 'old', more: 1, sold: 2});
      await write();
      await run(`update pets set more = 2, age = 'new' where row_id = 'fido'`);
      expect(await pushAll()).toEqual([
        [{pets: {fido: {more: 2, age: 'new'}}}, {}, 1],
      ]);
      // Tables that were there before it was two-way.
      const plain = createSqlSink({db, tabular: true, tablePrefix: 'p_'});
      await plain.write(mirrored.getBatch(undefined));
      const other = createTwoWay({tablePrefix: 'p_'});
      await other.open!();
      await other.open!();
      await run(`update p_pets set more = 3 where row_id = 'fido'`);
      expect((await other.twoWay!.take(ROOM))?.changes).toEqual([
        {pets: {fido: {more: 3}}},
        {},
        1,
      ]);
      // By one that is not two-way itself, too.
      expect(await plain.read(ROOM)).toBeDefined();
      const {position} = mirrored;
      mirrored.store.delRow('pets', 'felix');
      expect(await plain.write(mirrored.getBatch(position))).toBe(true);
      const {rows} = await sql`select * from p_mirror_outbox`.execute(db);
      expect(rows.length).toBe(1);
    });

    it('takes much in parts', async () => {
      await start();
      await db.transaction().execute(async (trx) => {
        for (let row = 0; row < 1100; row++) {
          await sql`insert into pets (room, row_id, age)
            values (${ROOM}, ${`r${row}`}, ${row})`.execute(trx);
        }
      });
      for (let row = 0; row < 3; row++) {
        await sql`insert into pets (room, row_id, name)
          values (${ROOM}, ${`long${row}`}, ${'x'.repeat(400_000)})`.execute(
          db,
        );
      }
      const all = await pushAll();
      expect(all.length).toBe(4);
      expect(mirrored.store.getRowCount('pets')).toBe(1105);
    });

    it('tells rooms apart', async () => {
      await start();
      await run(`update pets set room = 'other' where row_id = 'fido'`);
      expect((await sink.twoWay!.listEdited()).sort()).toEqual(['other', ROOM]);
      const other = (await sink.twoWay!.take('other'))!;
      expect(other.number).toBe(1);
      expect(other.changes).toEqual([
        {
          pets: {
            fido: {name: 'Fido', age: 3, sold: false, tags: ['a'], mix: '1'},
          },
        },
        {},
        1,
      ]);
      const mine = (await sink.twoWay!.take(ROOM))!;
      expect(mine.changes).toEqual([{pets: {fido: undefined}}, {}, 1]);
      expect(mine.clientId).not.toBe(other.clientId);
    });
  });
});
