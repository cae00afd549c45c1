/** Content and history in each kind of database. */
import {CamelCasePlugin, sql} from 'kysely';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Content} from 'tinybase';
import type {Batch, Commit} from '../../src/mirror/sink.js';
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
  more: Partial<Batch> = {},
): Batch => ({
  room,
  after: after == null ? undefined : {epoch: E1, offset: after},
  position: {epoch: E1, offset},
  time: 1767323045678,
  commits: undefined,
  content: [{pets: {fido: {number: offset}}}, {}],
  ...more,
});

const createCommit = (offset: number, more: Partial<Commit> = {}): Commit => ({
  epoch: E1,
  after: offset - 1,
  offset,
  time: 1767323045000 + offset,
  changes: [[{pets: {fido: {number: offset}}}, {}, 1]],
  ...more,
});

const HOSTILE: Content = [
  JSON.parse(`{
    "__proto__": {"constructor": {"": 1}},
    "": {"": {"": ""}},
    "a\\u0000b": {"\\ud800": {"'\\"\`\\\\": "\\u0000\\udfff \\ud83d"}}
  }`),
  JSON.parse(`{
    "__proto__": null, "big": 1e308, "small": 5e-324, "sum": 0.30000000000000004,
    "max": 1.7976931348623157e308, "long": "${'\u{1F4A5}é'.repeat(50_000)}",
    "deep": ${'['.repeat(200)}${']'.repeat(200)},
    "object": {"b": 1, "a": {"\\u0000": "\\ud800"}, "__proto__": 2}, "list": [],
    "prefix": "\\uFFFDnot JSON", "false": false
  }`),
];

describe.each(SQL_KINDS)('in %s', async (kind) => {
  describe.skipIf(await isSqlMissing(kind))('', () => {
    let database: SqlDatabase;
    beforeEach(async () => {
      database = await createSqlDatabase(kind);
    });
    afterEach(() => database.drop());

    it('keeps content exactly', async () => {
      const sink = createSqlSink({db: database.connect()});
      const batch = createBatch('room', [undefined, 1], {content: HOSTILE});
      expect(await sink.write(batch)).toBe(true);
      const state = await createSqlSink({db: database.connect()}).read('room');
      expect(JSON.stringify(state)).toBe(
        JSON.stringify({epoch: E1, offset: 1, content: HOSTILE}),
      );
    });

    it('tells ids apart', async () => {
      const sink = createSqlSink({db: database.connect()});
      const rooms = [
        'a',
        'A',
        'a ',
        ' a',
        'á',
        'a\u0301',
        '',
        '%',
        "';--",
        'ß',
      ];
      rooms.push(
        'ss',
        '\\',
        '\\\\',
        '__proto__',
        '\u{1F4A5}',
        '猫'.repeat(255),
      );
      for (const [index, room] of rooms.entries()) {
        const batch = createBatch(room, [undefined, index]);
        expect(await sink.write(batch), room).toBe(true);
      }
      for (const [index, room] of rooms.entries()) {
        expect((await sink.read(room))?.offset, room).toBe(index);
      }
      expect((await sink.listRooms()).sort()).toEqual(rooms.sort());
    });

    it('refuses rooms that cannot be a key', async () => {
      const sink = createSqlSink({db: database.connect()});
      for (const room of ['x'.repeat(256), 'a\0', '\ud800']) {
        const batch = createBatch(room, [undefined, 1]);
        await expect(sink.write(batch)).rejects.toThrow(/cannot be a key/);
        await expect(sink.read(room)).rejects.toThrow(/cannot be a key/);
      }
    });

    it('lets one of those win who write at once', async () => {
      const sinks = Array.from({length: 4}, () =>
        createSqlSink({db: database.connect(), history: true}),
      );
      await Promise.all(sinks.map((sink) => sink.open!()));
      for (let offset = 1; offset <= 10; offset++) {
        const after = offset == 1 ? undefined : offset - 1;
        const results = await Promise.all(
          sinks.map((sink, index) => {
            const commits = after ? [createCommit(offset)] : undefined;
            return sink.write(
              createBatch('room', [after, offset], {
                commits,
                content: [{}, {winner: index}],
              }),
            );
          }),
        );
        expect(results.filter(Boolean)).toEqual([true]);
        const state = await sinks[0]!.read('room');
        expect(state?.offset).toBe(offset);
        expect(state?.content?.[1].winner).toBe(results.indexOf(true));
      }
      const rows = await sql<any>`select * from history`.execute(
        database.connect(),
      );
      expect(rows.rows.length).toBe(10);
    });

    it('writes nothing where it is elsewhere', async () => {
      const sink = createSqlSink({db: database.connect(), history: true});
      expect(await sink.write(createBatch('room', [1, 2]))).toBe(false);
      expect(await sink.write(createBatch('room', [undefined, 2]))).toBe(true);
      for (const after of [undefined, 1, 3]) {
        expect(await sink.write(createBatch('room', [after, 4]))).toBe(false);
      }
      const other = createBatch('room', [2, 3], {
        after: {epoch: 'E1', offset: 2},
      });
      expect(await sink.write(other)).toBe(false);
      expect((await sink.read('room'))?.offset).toBe(2);
      const {rows} = await sql<any>`select * from history`.execute(
        database.connect(),
      );
      expect(rows.length).toBe(1);
    });

    it('keeps a commit in a row', async () => {
      const db = database.connect();
      const sink = createSqlSink({db, history: true, document: false});
      expect(sink.wantsEachCommit).toBe(true);
      await sink.write(createBatch('room', [undefined, 5]));
      const hostile = createCommit(7, {
        author: 'mé\0\ud800',
        changes: [
          [{pets: undefined, x: {y: {z: undefined}}}, {}, 1],
          [{}, {v: {deep: '\0'}, w: null}, 1],
        ],
      });
      const merged = {...createCommit(9, {after: 7}), time: undefined};
      const commits = [createCommit(6), hostile, merged];
      await sink.write(createBatch('room', [5, 9], {commits}));
      expect(await sink.read('room')).toEqual({epoch: E1, offset: 9});

      const changes = kind == 'postgres' ? sql`changes::text` : sql`changes`;
      const time =
        kind == 'postgres'
          ? sql`to_char(time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
          : kind == 'mysql'
            ? sql`date_format(time, '%Y-%m-%dT%H:%i:%s.%f')`
            : sql`time`;
      const {rows} = await sql<any>`
        select ${sql.id('offset')}, ${sql.id('after')}, ${time} as time, author,
          ${changes} as changes
        from history where room = 'room' order by ${sql.id('offset')}`.execute(
        db,
      );
      const found = rows.map((row) => ({
        offset: Number(row.offset),
        after: row.after == null ? null : Number(row.after),
        time: row.time && row.time.slice(0, 23),
        author: row.author,
        changes: JSON.parse(row.changes),
      }));
      expect(found).toEqual([
        {
          offset: 5,
          after: null,
          time: '2026-01-02T03:04:05.678',
          author: null,
          changes: [[{pets: {fido: {number: 5}}}, {}, 1]],
        },
        {
          offset: 6,
          after: 5,
          time: '2026-01-02T03:04:05.006',
          author: null,
          changes: [[{pets: {fido: {number: 6}}}, {}, 1]],
        },
        {
          offset: 7,
          after: 6,
          time: '2026-01-02T03:04:05.007',
          author: kind == 'postgres' ? 'mé\uFFFD\uFFFD' : 'mé\0\uFFFD',
          changes: [
            [{pets: '\uFFFC', x: {y: {z: '\uFFFC'}}}, {}, 1],
            [{}, {v: '\uFFFD{"deep":"\\u0000"}', w: null}, 1],
          ],
        },
        {
          offset: 9,
          after: 7,
          time: null,
          author: null,
          changes: [[{pets: {fido: {number: 9}}}, {}, 1]],
        },
      ]);
    });

    it('writes a history of any length', async () => {
      const db = database.connect();
      const sink = createSqlSink({db, history: true});
      await sink.write(createBatch('room', [undefined, 1]));
      const commits = Array.from({length: 1200}, (_, index) =>
        createCommit(index + 2, {
          changes: [[{}, {text: 'x'.repeat(index % 100 ? 10 : 900_000)}, 1]],
        }),
      );
      await sink.write(createBatch('room', [1, 1201], {commits}));
      const {rows} = await sql<any>`
        select count(*) as count, sum(${sql.id('offset')}) as sum from history
        where ${sql.id('after')} = ${sql.id('offset')} - 1`.execute(db);
      expect(Number(rows[0].count)).toBe(1200);
      expect(Number(rows[0].sum)).toBe((1200 * 1203) / 2);
    });

    it('keeps no history that it has not written', async () => {
      const sink = createSqlSink({db: database.connect(), history: true});
      const second = createSqlSink({db: database.connect(), history: true});
      await sink.write(createBatch('room', [undefined, 1]));
      // Whoever forgets a room on purpose begins again, with what was kept.
      await sql`delete from documents`.execute(database.connect());
      expect(await second.write(createBatch('room', [undefined, 1]))).toBe(
        true,
      );
    });

    it('opens many at a time', async () => {
      const options = {history: true, tablePrefix: 'x_'};
      await Promise.all(
        Array.from({length: 6}, () =>
          createSqlSink({db: database.connect(), ...options}).open!(),
        ),
      );
      const sink = createSqlSink({db: database.connect(), ...options});
      await sink.open!();
      await sink.open!();
      expect(await sink.listRooms()).toEqual([]);
    });

    it("leaves an app's tables alone", async () => {
      const db = database.connect();
      await sql`create table documents (id integer, room text)`.execute(db);
      const sink = createSqlSink({db});
      await expect(sink.open!()).rejects.toThrow(
        /`documents`.*`content`.*`tablePrefix`/,
      );
      await expect(
        sink.write(createBatch('r', [undefined, 1])),
      ).rejects.toThrow(/tablePrefix/);
      const other = createSqlSink({db, tablePrefix: 'Mirror_'});
      expect(await other.write(createBatch('r', [undefined, 1]))).toBe(true);
      const {rows} = await sql`select * from documents`.execute(db);
      expect(rows).toEqual([]);
    });

    it('does not mind plugins', async () => {
      const db = database.connect({plugins: [new CamelCasePlugin()]});
      const sink = createSqlSink({db, history: true});
      await sink.write(createBatch('r', [undefined, 1]));
      expect((await sink.read('r'))?.content).toBeDefined();
    });

    it('keeps content only where it is asked to', async () => {
      const without = createSqlSink({db: database.connect(), document: false});
      await without.write(createBatch('r', [undefined, 1]));
      const sink = createSqlSink({db: database.connect()});
      expect(await sink.read('r')).toEqual({epoch: E1, offset: 1});
      await sink.write(createBatch('r', [1, 2], {commits: [createCommit(2)]}));
      expect((await sink.read('r'))?.content).toBeDefined();
      expect(await without.read('r')).toEqual({epoch: E1, offset: 2});
    });
  });
});
