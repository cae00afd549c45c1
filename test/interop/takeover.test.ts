/** A room that TinyBase's server half has stored opens under ours. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createStore, type Content} from 'tinybase';
import {afterEach, beforeEach, expect, onTestFinished, test} from 'vitest';
import {canonicalize} from '../support/content.js';
import {expectSoon} from '../support/expect-soon.js';
import {startClient, type TestClient} from '../support/halves.js';
import {startRoomServer, type RoomServer} from '../support/room-server.js';
import {
  createTestRoom,
  type Half,
  type TestRoom,
} from '../support/test-room.js';

let persistDir: string;
beforeEach(async () => {
  persistDir = await mkdtemp(join(tmpdir(), 'takeover-'));
});
afterEach(() => rm(persistDir, {recursive: true, force: true}));

/** Runs one half's room over the storage that is there. */
const start = async (
  half: Half,
  vars: Record<string, string> = {},
): Promise<RoomServer> => {
  const server = await startRoomServer({
    main: `test/rooms/${half}.ts`,
    persistDir,
    vars,
  });
  onTestFinished(() => server.stop());
  return server;
};

const getRoom = (server: RoomServer, half: Half): TestRoom =>
  createTestRoom(server, half, {party: 'main', name: 'taken'});

const expectContent = async (
  room: TestRoom,
  clients: TestClient[],
  content: string,
): Promise<void> =>
  await expectSoon(async () => {
    expect(canonicalize(await room.getContent())).toBe(content);
    expect(canonicalize(await room.loadContent())).toBe(content);
    for (const {store} of clients) {
      expect(canonicalize(store.getContent())).toBe(content);
    }
  });

// None of these can be one of TinyBase's.
const APP_KEYS = {app: 1, titles: ['x'], 't-shirts': 4, 'hasStore:app': true};

const fillLegacyRoom = async (): Promise<string> => {
  const server = await start('tinybase');
  const room = getRoom(server, 'tinybase');
  await room.putContent(createSeed());
  const client = await startClient('tinybase', room);
  const {store} = client;
  store.setCell('pets', 'fido', 'color', 'brown');
  store.setCell('__proto__', '', 'quo"te', {deep: [1, null]});
  store.delRow('many', '7');
  store.delCell('many', '8', 'c0');
  store.setValue('', 'empty id');
  store.setValue('nothing', null);
  store.delValue('gone');
  await expectSoon(async () =>
    expect(canonicalize(await room.getContent())).toBe(
      canonicalize(store.getContent()),
    ),
  );
  await room.putStorage(APP_KEYS);
  await client.destroy();
  await server.stop();
  return canonicalize(store.getContent());
};

const createSeed = () => {
  const store = createStore();
  store.transaction(() => {
    store.setCell('pets', 'fido', 'species', 'dog');
    for (let row = 0; row < 2_000; row++) {
      for (let cell = 0; cell < 5; cell++) {
        store.setCell('many', `${row}`, `c${cell}`, `${row}/${cell}`);
      }
    }
    store.setCell('things', 'r', 'object', {a: {b: [1]}});
    store.setCell('things', 'r', 'array', [1, 'x', null]);
    store.setValues({open: true, gone: 1, list: [1, 2], note: 'v'});
  });
  return store.getContent();
};

test('nothing is lost, and what follows stays', {timeout: 90_000}, async () => {
  const before = await fillLegacyRoom();

  const server = await start('ours');
  const room = getRoom(server, 'ours');
  await expectContent(room, [], before);
  const a = await startClient('ours', room);
  const b = await startClient('tinybase', room);
  await expectContent(room, [a, b], before);

  a.store.setCell('pets', 'fido', 'age', 5);
  a.store.delRow('many', '1999');
  b.store.setCell('pets', 'felix', 'species', 'cat');
  b.store.delCell('things', 'r', 'array');
  b.store.delValue('');
  await expectSoon(() => {
    expect(a.store.hasRow('pets', 'felix')).toBe(true);
    expect(a.store.hasValue('')).toBe(false);
    expect(b.store.hasRow('many', '1999')).toBe(false);
  });
  const after = canonicalize(a.store.getContent());
  await expectContent(room, [a, b], after);

  await server.restart();
  await expectContent(room, [], after);
  const c = await startClient('ours', room);
  await expectContent(room, [c], after);
  c.store.setValue('restarted', true);
  await expectSoon(async () =>
    expect((await room.getContent())?.[1]).toHaveProperty('restarted', true),
  );
  const storage = await room.getStorage();
  for (const [key, value] of Object.entries(APP_KEYS)) {
    expect(storage.get(key), key).toEqual(value);
  }
});

test('a push is what touches it first', {timeout: 90_000}, async () => {
  const before = await fillLegacyRoom();

  const server = await start('ours');
  const room = getRoom(server, 'ours');
  const a = await startClient('tinybase', room);
  a.store.setCell('pets', 'fido', 'color', 'black');
  await expectSoon(async () =>
    expect((await room.getContent())?.[0]['pets']?.['fido']?.['color']).toBe(
      'black',
    ),
  );
  expect(canonicalize(await room.getContent())).toBe(
    before.replace('"color":"brown"', '"color":"black"'),
  );
});

test('a key of the app that looks like a Value stays', async () => {
  const legacy = await start('tinybase');
  await getRoom(legacy, 'tinybase').putContent([{}, {real: 1}]);
  await getRoom(legacy, 'tinybase').putStorage({votes: 3});
  await legacy.stop();

  const server = await start('ours');
  const room = getRoom(server, 'ours');
  // Nothing tells it from a Value that the Store had: it was one until now.
  expect(await room.getContent()).toEqual([{}, {real: 1, otes: 3}]);
  const a = await startClient('ours', room);
  a.store.delValues();
  await expectSoon(async () =>
    expect(await room.getContent()).toEqual([{}, {}]),
  );
  expect((await room.getStorage()).get('votes')).toBe(3);
  await server.restart();
  expect(await room.getContent()).toEqual([{}, {}]);
});

test('behind a storage prefix', {timeout: 90_000}, async () => {
  const vars = {storagePrefix: 'tinybase_'};
  const content: Content = [
    {t: {r: {c: 1, 'quo"te': null}}},
    {v: 'x', '': 2, otes: 4},
  ];
  const legacy = await start('tinybase', vars);
  await getRoom(legacy, 'tinybase').putContent(content);
  await getRoom(legacy, 'tinybase').putStorage({votes: 3, hasStore: true});
  await legacy.stop();

  const server = await start('ours', vars);
  const room = getRoom(server, 'ours');
  const a = await startClient('ours', room);
  await expectContent(room, [a], canonicalize(content));
  a.store.setCell('t', 'r', 'c', 5);
  content[0]['t']!['r']!['c'] = 5;
  await expectContent(room, [a], canonicalize(content));
  await server.restart();
  await expectContent(room, [a], canonicalize(content));
  const storage = await room.getStorage();
  expect(storage.get('votes')).toBe(3);
  expect(storage.get('hasStore')).toBe(true);
  const others = [...storage.keys()].filter(
    (key) => !key.startsWith('tinybase_'),
  );
  expect(others.toSorted()).toEqual(['hasStore', 'votes']);
});
