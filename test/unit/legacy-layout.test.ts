import {describe, expect, test} from 'vitest';
import {readLegacyLayout} from '../../src/server/storage/legacy-layout.js';
import {COMPACTION_DELAY_MS} from '../../src/protocol/limits.js';
import {RoomLog} from '../../src/server/storage/room-log.js';
import {createMemoryRoom, type MemoryRoom} from '../support/memory-room.js';
import {createMemoryStorage} from '../support/memory-storage.js';

/** What TinyBase's server half stores, behind a prefix. */
const createLegacy = (prefix = ''): [string, unknown][] => [
  [`${prefix}hasStore`, 1],
  [`${prefix}t"pets","fido","species"`, 'dog'],
  [`${prefix}t"pets","fido","tags"`, '\uFFFD["good"]'],
  [`${prefix}t"__proto__","",""`, null],
  [`${prefix}vopen`, true],
  [`${prefix}v`, 0],
];

const CONTENT =
  '[{"pets":{"fido":{"species":"dog","tags":"\uFFFD[\\"good\\"]"}},' +
  '"__proto__":{"":{"":null}}},{"open":true,"":0}]';

/** What an app may keep in the same storage. */
const APP: [string, unknown][] = [
  ['app', {any: 'thing'}],
  ['table', [1]],
  ['t"pets","fido"', 'two ids'],
  ['t"pets","fido",7', 'no id'],
  ['t{}', 1],
  ['votes', new Map([['a', 1]])],
  ['visitors', new Date(0)],
  ['vision', 10n],
  ['velocity', Infinity],
  ['stats', {n: 10n}],
];

/** What the room does in steps is done. */
const settle = async (room: MemoryRoom): Promise<void> => {
  room.advance(COMPACTION_DELAY_MS);
  for (let round = 0; round < 100; round++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
};

const canonical = (text: string): unknown =>
  Object.entries(JSON.parse(text)).map((things) => JSON.stringify(things));

describe("TinyBase's layout", () => {
  test('is none where nothing says so', async () => {
    const storage = createMemoryStorage([['vopen', true], ...APP]);
    expect(await readLegacyLayout(storage, '')).toBe(undefined);
  });

  test('S5: is read as it was written', async () => {
    const storage = createMemoryStorage(createLegacy('tb/'));
    const content = (await readLegacyLayout(storage, 'tb/'))!;
    const sort = ([tables, values]: any) => [
      Object.keys(tables).sort(),
      Object.keys(values).sort(),
    ];
    expect(sort(content)).toEqual([
      ['__proto__', 'pets'],
      ['', 'open'],
    ]);
    expect(canonical(JSON.stringify(content[1]))).toEqual(
      canonical('{"":0,"open":true}'),
    );
  });

  test('S5: is taken over on first touch, in one step', async () => {
    const storage = createMemoryStorage([...createLegacy('tb/'), ...APP]);
    const room = createMemoryRoom({storage, storagePrefix: 'tb/'});
    const [tables, values] = await room.getContent();
    expect(values).toEqual(JSON.parse(CONTENT)[1]);
    expect(tables.pets).toEqual(JSON.parse(CONTENT)[0].pets);
    await settle(room);
    expect(
      storage
        .getEntries()
        .map(([key]) => key)
        .filter((key) => !key.startsWith('tb/#tbpk:')),
    ).toEqual(APP.map(([key]) => key).sort());
    room.restart();
    expect(await room.getContent()).toEqual([tables, values]);
  });

  test('S5: leaves keys that may be of the app where it has no prefix', async () => {
    const storage = createMemoryStorage([...createLegacy(), ['votes', 7]]);
    const room = createMemoryRoom({storage});
    // As TinyBase itself would read it.
    expect((await room.getContent())[1]).toMatchObject({open: true, otes: 7});
    await settle(room);
    expect(
      storage
        .getEntries()
        .map(([key]) => key)
        .filter((key) => !key.startsWith('#tbpk:')),
    ).toEqual(['v', 'vopen', 'votes']);
  });

  test('S5: opens whatever else the app has stored', async () => {
    const circular: any = {};
    circular.self = circular;
    const storage = createMemoryStorage([
      ...createLegacy(),
      ...APP,
      ['circle', circular],
      ['vicious', circular],
    ]);
    const room = createMemoryRoom({storage});
    const [tables, values] = await room.getContent();
    expect(Object.keys(tables).sort()).toEqual(['__proto__', 'pets']);
    expect(values).toMatchObject({open: true, '': 0});
    expect(Object.keys(values)).not.toContain('elocity');
    expect(Object.keys(values)).not.toContain('ision');
    const keys = storage.getEntries().map(([key]) => key);
    expect(keys).toEqual(expect.arrayContaining(APP.map(([key]) => key)));
  });

  test('S5: is left as it is by who only looks', async () => {
    const storage = createMemoryStorage(createLegacy());
    const before = storage.getEntries();
    const log = new RoomLog(storage, '');
    const content = await log.open(() => 'epoch', true);
    expect(content![1]).toEqual({open: true, '': 0});
    expect(log.epoch).toBe('');
    expect(storage.getEntries()).toEqual(before);
  });

  test('S5: is taken over from more keys than a call takes', async () => {
    const storage = createMemoryStorage([
      ['hasStore', 1],
      ...Array.from({length: 2_000}, (_, id): [string, unknown] => [
        `t"t","${id}","c"`,
        'x'.repeat(100),
      ]),
    ]);
    const room = createMemoryRoom({storage});
    const [tables] = await room.getContent();
    expect(Object.keys(tables.t)).toHaveLength(2_000);
    await settle(room);
    expect(storage.getEntries().length).toBeLessThan(10);
  });

  test('S6: is not read any more where the library has stored a room', async () => {
    const storage = createMemoryStorage();
    const room = createMemoryRoom({storage});
    await room.room.putContent([{}, {v: 1}], null);
    await storage.put({votes: 7, hasStore: 1, 't"t","r","c"': 1});
    room.restart();
    expect(await room.getContent()).toEqual([{}, {v: 1}]);
    const connection = room.connect();
    await connection.greet(await room.getPosition());
    await connection.push(1, {}, {w: 1});
    room.restart();
    expect(await room.getContent()).toEqual([{}, {v: 1, w: 1}]);
    expect(await storage.get('votes')).toBe(7);
  });

  test('S6: the library harms no key of the app', async () => {
    const storage = createMemoryStorage(APP);
    const room = createMemoryRoom({storage});
    const connection = room.connect();
    await connection.greet();
    for (let id = 1; id <= 4; id++) {
      await connection.push(id, {}, {v: 'x'.repeat(100_000)});
      id == 1 && (await connection.greet());
    }
    expect(
      storage.getEntries().filter(([key]) => !key.startsWith('#tbpk:')),
    ).toEqual(createMemoryStorage(APP).getEntries());
  });
});
