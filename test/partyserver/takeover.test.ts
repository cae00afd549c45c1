/** What TinyBase's server half has stored opens in a room on partyserver. */
import {setTimeout as pause} from 'node:timers/promises';
import {createStore, type Content} from 'tinybase';
import {TinyBasePartyKitServer} from 'tinybase/persisters/persister-partykit-server';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {adaptRooms} from '../support/adapt-rooms.js';
import {canonicalize} from '../support/content.js';
import {expectSoon} from '../support/expect-soon.js';
import {expectSame, startClient} from '../support/halves.js';
import {OBJECT_STORAGE} from '../support/platform.js';
import {createTestRoom, type TestRoom} from '../support/test-room.js';
import {startWorkerd, type Workerd} from '../support/workerd.js';

const ROWS = 5_000;
/** How long after it was asked for its content the room is killed. */
const KILLED_AFTER_MS = [5, 20, 40, 80, 160, 320, 640, 1_280, 2_560];
// None of these can be one of TinyBase's.
const APP_KEYS = {app: 1, titles: ['x'], 't-shirts': 4, 'hasStore:app': true};
const MAX_KEYS = 128;

let server: Workerd;
beforeAll(async () => {
  server = await startWorkerd({
    ...adaptRooms({ours: 'test/rooms/ours.ts'}),
    storage: OBJECT_STORAGE,
  });
});
afterAll(() => server?.stop());

const createSeed = (): Content => {
  const store = createStore();
  store.transaction(() => {
    for (let row = 0; row < ROWS; row++) {
      store.setRow('many', `${row}`, {
        row,
        text: `row ${row}`,
        odd: !!(row % 2),
      });
    }
    store.setCell('things', 'quo"te', '', {a: {b: [1, null]}});
    store.setCell('__proto__', 'r', 'c', [1, 'x']);
    store.setValues({open: true, list: [1, 2], '': 'empty id', nothing: null});
  });
  return store.getContent();
};

/** What TinyBase's own class stores when it is given this content. */
const storeLegacy = async (content: Content): Promise<Map<string, unknown>> => {
  const stored = new Map<string, unknown>();
  const storage = {
    get: async (key: string) => stored.get(key),
    put: async (entries: Record<string, unknown>) =>
      Object.entries(entries).forEach(([key, value]) => stored.set(key, value)),
    delete: async () => {},
    transaction: (run: (storage: object) => Promise<unknown>) => run(storage),
  };
  const room = new TinyBasePartyKitServer({storage} as any);
  const response = await room.onRequest({
    url: 'http://localhost/store',
    method: 'PUT',
    text: async () => canonicalize(content),
  } as any);
  expect(response.status).toBe(201);
  return stored;
};

/** A room that finds what another has stored; nothing else has touched it. */
const createLegacyRoom = async (
  content: Content,
  name: string,
): Promise<TestRoom> => {
  const room = createTestRoom(server, 'ours', {name});
  const entries = [
    ...(await storeLegacy(content)),
    ...Object.entries(APP_KEYS),
  ];
  while (entries.length) {
    await room.putStorage(Object.fromEntries(entries.splice(0, MAX_KEYS)));
  }
  expect(await server.evict(room.party, room.name)).toBe(true);
  return room;
};

const expectTakenOver = async (room: TestRoom): Promise<void> =>
  await expectSoon(async () => {
    const storage = await room.getStorage();
    for (const [key, value] of Object.entries(APP_KEYS)) {
      expect(storage.get(key), key).toEqual(value);
    }
    // Without a storage prefix a Value's key may be the app's own.
    const others = [...storage.keys()].filter(
      (key) => !key.startsWith('#tbpk:') && !key.startsWith('v'),
    );
    expect(others.sort()).toEqual(Object.keys(APP_KEYS).sort());
  }, 20_000);

test('S5: nothing is lost, and what follows stays', async () => {
  const seed = createSeed();
  const room = await createLegacyRoom(seed, 'taken-over');
  const a = await startClient('ours', room);
  const b = await startClient('tinybase', room);
  expect(canonicalize(await room.getContent())).toBe(canonicalize(seed));
  a.store.setCell('many', '0', 'text', 'changed');
  b.store.delRow('many', `${ROWS - 1}`);
  b.store.delValue('');
  const after = await expectSame(room, [a, b], 10_000);
  expect(Object.keys(after[0]['many']!)).toHaveLength(ROWS - 1);
  expect(Object.keys(after[1])).not.toContain('');
  await expectTakenOver(room);
  await server.evict(room.party, room.name);
  expect(await room.getContent()).toEqual(after);
  await server.restart();
  expect(await room.getContent()).toEqual(after);
  const c = await startClient('ours', room);
  await expectSame(room, [a, b, c]);
});

test(
  'S5: nothing is lost, whenever the room is killed',
  {timeout: 120_000},
  async () => {
    const seed = createSeed();
    const room = await createLegacyRoom(seed, 'taken-over-with-kills');
    for (const afterMs of KILLED_AFTER_MS) {
      const asked = room.request('/store').catch(() => {});
      await pause(afterMs);
      await server.kill();
      await asked;
      await server.restart();
    }
    expect(canonicalize(await room.getContent())).toBe(canonicalize(seed));
    await expectTakenOver(room);
    expect(canonicalize(await room.getContent())).toBe(canonicalize(seed));
  },
);
