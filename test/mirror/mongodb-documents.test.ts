/**
 * What others find in MongoDB, and what is refused. On a stand-in, not a live
 * server, as it has to fail in places.
 */
import {MongoClient} from 'mongodb';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {ModelRoom} from '../../src/mirror/contract/model-room.js';
import {createMongoSink} from '../../src/mirror/mongodb/index.js';
import {
  decodeThings,
  encodeThings,
} from '../../src/mirror/mongodb/encode-things.js';
import type {Sink} from '../../src/mirror/sink.js';
import {
  type MongoStandIn,
  startMongoStandIn,
} from '../support/databases/mongo-stand-in.js';

const createRoom = (): ModelRoom =>
  new ModelRoom('my room').commit((store) =>
    store.setContent([
      {'a.b': {$r: {species: 'dog', tags: {$x: [1]}}}},
      {'': null, '100%': true},
    ]),
  );

const put = async (sink: Sink, room: ModelRoom): Promise<void> => {
  const batch = room.createBatch();
  expect(await sink.write(batch)).toBe(true);
  room.accept(batch);
};

describe.each([true, false])(
  'documents of MongoDB, on a stand-in, not a live server; transactions: %s',
  (isReplicaSet) => {
    let standIn: MongoStandIn;
    let client: MongoClient;
    let databases = 0;
    beforeAll(async () => {
      standIn = await startMongoStandIn({isReplicaSet});
      client = new MongoClient(standIn.url);
    });
    afterAll(async () => {
      await client.close();
      await standIn.stop();
    });
    const openDb = () => {
      const db = client.db(`db${databases++}`);
      const list = (name: string) =>
        db.collection<any>(name).find({}).toArray();
      return {db, list};
    };

    test('of a room', async () => {
      const {db, list} = openDb();
      const sink = createMongoSink({db});
      const room = createRoom();
      await put(sink, room);
      expect(await list('tinybase')).toEqual([
        {
          ...{_id: 'my room', documentPer: 'room', ...room.written},
          updatedAt: new Date(1_767_323_045_679),
          tables: {'a%2Eb': {'%24r': {species: 'dog', tags: {'%24x': [1]}}}},
          values: {'%': null, '100%25': true},
        },
      ]);
    });

    test('of a Row, and of a commit', async () => {
      const {db, list} = openDb();
      const sink = createMongoSink({db, documentPer: 'row', history: true});
      expect(sink.wantsEachCommit).toBe(true);
      const room = createRoom();
      await put(sink, room);
      room.commit((store) => store.delCell('a.b', '$r', 'species'));
      await put(sink, room);
      const {epoch} = room.written!;
      expect(await list('tinybase')).toEqual([
        {
          ...{_id: 'my room', documentPer: 'row', epoch, offset: 2},
          updatedAt: new Date(1_767_323_045_680),
          values: {'%': null, '100%25': true},
        },
      ]);
      expect(await list('tinybase.rows')).toEqual([
        {
          ...{_id: 'my room/a.b/$r', room: 'my room', table: 'a.b', row: '$r'},
          cells: {tags: {'%24x': [1]}},
        },
      ]);
      const time = new Date(1_767_323_045_679);
      expect(await list('tinybase.commits')).toEqual([
        {
          ...{_id: `my room/${epoch}/1`, room: 'my room', epoch, offset: 1},
          ...{time, replaced: true},
        },
        {
          ...{_id: `my room/${epoch}/2`, room: 'my room', epoch, offset: 2},
          ...{after: 1, time, author: 'somebody'},
          changes: [[{'a%2Eb': {'%24r': {species: '\uFFFC'}}}, {}, 1]],
        },
      ]);
    });

    test('with another form each room is written anew', async () => {
      const {db, list} = openDb();
      const room = createRoom();
      const sinks = (['room', 'row', 'room'] as const).map((documentPer) =>
        createMongoSink({db, documentPer}),
      );
      for (const [index, sink] of sinks.entries()) {
        expect(await sink.read('my room')).toBe(undefined);
        const batch = {...createRoom().createBatch(), content: room.content};
        expect(await sink.write(batch)).toBe(true);
        expect((await sink.read('my room'))?.content).toEqual(room.content);
        expect(await list('tinybase.rows')).toHaveLength(index % 2);
      }
    });

    test('a room that does not fit a document: an error that helps', async () => {
      const {db} = openDb();
      const room = createRoom();
      const [perRoom, perRow] = (['room', 'row'] as const).map((documentPer) =>
        createMongoSink({db, collection: documentPer, documentPer}),
      ) as [Sink, Sink];
      room.commit((store) => {
        for (let row = 0; row < 17; row++) {
          store.setCell('t', `${row}`, 'c', 'x'.repeat(1_000_000));
        }
      });
      await expect(perRoom.write(room.createBatch())).rejects.toThrow(
        /my room does not fit .* 16 MiB: say `documentPer: 'row'`/,
      );
      expect(await perRoom.read('my room')).toBe(undefined);
      await put(perRow, room);
      room.commit((store) => store.setCell('t', '0', 'd', 'x'.repeat(17e6)));
      await expect(perRow.write(room.createBatch())).rejects.toThrow(
        /The Row 0 of the Table t .* does not fit/,
      );
    });

    test('a commit that does not fit a document is kept without changes', async () => {
      const {db, list} = openDb();
      const sink = createMongoSink({db, documentPer: 'row', history: true});
      const room = createRoom();
      await put(sink, room);
      room.commit((store) =>
        store.transaction(() => {
          for (let row = 0; row < 17; row++) {
            store.setCell('t', `${row}`, 'c', 'x'.repeat(1_000_000));
          }
        }),
      );
      await put(sink, room);
      const [, commit] = await list('tinybase.commits');
      expect(commit).toMatchObject({after: 1, offset: 2, omitted: true});
      expect(commit).not.toHaveProperty('changes');
    });

    test('cut off at any command, a room ends exact', async () => {
      for (const documentPer of ['room', 'row'] as const) {
        for (let cut = 1, wasCut = true; wasCut; cut++) {
          const {db, list} = openDb();
          const sink = createMongoSink({db, documentPer, history: true});
          await sink.open!();
          const room = createRoom();
          await put(sink, room);
          room.commit(
            (store) => store.setCell('a.b', 'new', 'c', 1),
            (store) => store.delRow('a.b', '$r'),
          );
          let commands = 0;
          wasCut = false;
          standIn.failOn((command) => {
            // All from there on: a process that has died sends no more.
            wasCut ||= !!command['$db']?.startsWith('db') && ++commands == cut;
            return wasCut && Object.keys(command)[0] != 'hello';
          });
          const dying = sink.write(room.createBatch());
          await (cut > 20 ? dying : dying.catch(() => {}));
          standIn.failOn(undefined);
          // It comes back further on, where the Row is what it was before.
          const before = createRoom().content;
          room.forgetCommits().commitNet((store) => store.setContent(before));
          const at = await sink.read('my room');
          const {position} = room.createBatch();
          const isKnown = at && at.offset == 1;
          const batch = room.createBatch();
          if (at?.offset != 3) {
            expect(
              await sink.write({
                ...batch,
                after: isKnown ? {epoch: position.epoch, offset: 1} : undefined,
                commits: isKnown
                  ? [{...position, after: 1, changes: [[{}, {}, 1]]}]
                  : undefined,
              }),
            ).toBe(true);
            expect(await sink.read('my room')).toEqual({
              ...position,
              content: before,
            });
            const commits = await list('tinybase.commits');
            const known = commits.filter(({after}) => after !== undefined);
            known.slice(1).forEach(({after}, index) => {
              expect(after).toBe(known[index].offset);
            });
          } else {
            expect(wasCut).toBe(false);
          }
        }
      }
    });
  },
);

describe('names and Cells in documents', () => {
  test.each([
    ['plain', 'plain'],
    ['', '%'],
    ['%', '%25'],
    ['a.b', 'a%2Eb'],
    ['$set', '%24set'],
    ['a$', 'a$'],
    ['\0', '%00'],
    ['_bsontype', '%5Fbsontype'],
    ['\ud800x', '%uD800x'],
    ['__proto__', '__proto__'],
  ])('%j is %j', (id, name) => {
    const things = Object.fromEntries([[id, 1]]);
    const encoded = encodeThings(things, 1);
    expect(Object.keys(encoded)).toEqual([name]);
    expect(decodeThings(encoded, 1)).toEqual(things);
  });

  test('a Cell with half a character is JSON', () => {
    expect(encodeThings({c: '\ud800', d: ['\udc00']}, 1)).toEqual({
      c: String.raw`${'\uFFFD'}"\ud800"`,
      d: String.raw`${'\uFFFD'}["\udc00"]`,
    });
  });
});

describe('options of the MongoDB sink', () => {
  const db = new MongoClient('mongodb://127.0.0.1').db('app');
  test.each([
    [{}, /`db` is a `Db`/],
    [{db, client: {}}, /`client` is the `MongoClient`/],
    [{db, collection: ''}, /`collection`/],
    [{db, documentPer: 'cell'}, /'room' or 'row'/],
  ])('%#', (options: any, message) => {
    expect(() => createMongoSink(options)).toThrow(message);
  });
});
