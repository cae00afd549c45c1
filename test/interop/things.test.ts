/** Every Cell, Value and id that TinyBase knows travels unharmed. */
import {createStore, type Cell, type Content, type Store} from 'tinybase';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {canonicalize} from '../support/content.js';
import {expectSoon} from '../support/expect-soon.js';
import {
  createClient,
  startClient,
  untilOpen,
  type TestClient,
} from '../support/halves.js';
import {
  INTEROP_PAIRS,
  PURE_PAIRS,
  type InteropPair,
} from '../support/interop-pairs.js';
import type {RoomServer} from '../support/room-server.js';
import {
  createTestRoom,
  startTestRooms,
  type TestRoom,
} from '../support/test-room.js';

const THINGS: Cell[] = [
  {a: 1, b: [2, {c: null}]},
  {},
  {['constructor']: 1, '': 2, 'quo"te': '\\'},
  [1, 'x', null, true, [], {}],
  [],
  null,
  true,
  false,
  '',
  'plain',
  ' ',
  '\u0000\n\t\u2028',
  `"'\\,[]{}`,
  'ünïcödé ключ 鍵 🙂',
  '__proto__',
  'null',
  '1e3',
  '{"a":1}',
  0,
  -0,
  1e308,
  -1e308,
  5e-324,
  Number.MAX_SAFE_INTEGER,
  0.1,
  -1.5,
];

const IDS = [
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'toString',
  'length',
  '',
  ' ',
  '0',
  'with,comma',
  'quo"te',
  "apo'strophe",
  'back\\slash',
  '[brackets]{}',
  'new\nline',
  '\u0000',
  'ключ 鍵 🙂',
  'hasStore',
];

const fill = (store: Store): void =>
  store.transaction(() => {
    THINGS.forEach((thing, index) => {
      store.setCell('things', 'all', `${index}`, thing);
      store.setValue(`${index}`, thing);
    });
    IDS.forEach((id, index) => {
      store.setCell(id, 'r', 'c', index);
      store.setCell('t', id, 'c', index);
      store.setCell('t', 'r', id, index);
      store.setCell(id, id, id, {id: [id]});
      store.setValue(id, index);
    });
  });

// Where -0 has become 0, as anything that passes JSON.
const EXPECTED = ((): string => {
  const store = createStore();
  fill(store);
  return canonicalize(store.getContent());
})();
const NEGATIVE_ZERO = `${THINGS.findIndex((thing) => Object.is(thing, -0))}`;

let server: RoomServer;
beforeAll(async () => {
  server = await startTestRooms();
});
afterAll(() => server?.stop());

const expectAll = async (
  room: TestRoom,
  clients: TestClient[],
  content: string,
): Promise<void> =>
  await expectSoon(async () => {
    for (const {store} of clients) {
      expect(canonicalize(store.getContent())).toBe(content);
    }
    expect(canonicalize(await room.getContent())).toBe(content);
    expect(canonicalize(await room.loadContent())).toBe(content);
  });

const EMPTY = canonicalize([{}, {}]);

const describePair = (pair: InteropPair) =>
  describe(pair.title, () => {
    test('set by a client, deleted by the other', async () => {
      const room = createTestRoom(server, pair.room);
      const a = await startClient(pair.a, room);
      const b = await startClient(pair.b, room);
      fill(a.store);
      await expectAll(room, [a, b], EXPECTED);
      expect(b.store.getCell('things', 'all', NEGATIVE_ZERO)).toBe(0);

      IDS.forEach((id) => {
        b.store.delCell(id, id, id);
        b.store.delCell('t', 'r', id);
        b.store.delRow('t', id);
        b.store.delTable(id);
        b.store.delValue(id);
      });
      b.store.delTables();
      b.store.delValues();
      await expectAll(room, [a, b], EMPTY);
      fill(b.store);
      await expectAll(room, [a, b], EXPECTED);
      expect([...a.errors, ...b.errors]).toEqual([]);
    });

    test('as initial content, then loaded', async () => {
      const room = createTestRoom(server, pair.room);
      const a = createClient(pair.a, room);
      await untilOpen(a);
      await a.persister.startAutoPersisting(createFilledContent);
      const b = await startClient(pair.b, room);
      await expectAll(room, [a, b], EXPECTED);
      // Each alone, as a set of what is there already would not travel.
      THINGS.toReversed().forEach((thing, index) =>
        b.store.setCell('things', 'reversed', `${index}`, thing),
      );
      await expectSoon(() =>
        expect(canonicalize(a.store.getRow('things', 'reversed'))).toBe(
          canonicalize({...THINGS.toReversed()}),
        ),
      );
      expect([...a.errors, ...b.errors]).toEqual([]);
    });
  });
[...INTEROP_PAIRS, ...PURE_PAIRS].forEach(describePair);

const createFilledContent = (): Content => {
  const store = createStore();
  fill(store);
  return store.getContent();
};
