/** What the room keeps, answers, and pays for. */
import {createStore} from 'tinybase';
import {afterAll, beforeAll, expect} from 'vitest';
import {testFailure} from '../support/test-both-halves.js';
import {expectSame, startClient} from '../support/halves.js';
import type {RoomServer} from '../support/room-server.js';
import {createTestRoom, startTestRooms} from '../support/test-room.js';
import {until} from '../support/until.js';

let server: RoomServer;
beforeAll(async () => {
  server = await startTestRooms();
});
afterAll(() => server?.stop());

testFailure(18, "the app's own keys in the storage", async (half) => {
  const room = createTestRoom(server, half);
  await room.putContent([{t: {r: {x: 1}}}, {real: 1}]);
  const keys = {votes: 3, version: '1.0', 't-shirts': 4, hasVoted: true};
  await room.putStorage(keys);
  const a = await startClient(half, room);
  expect(a.store.getValue('real')).toBe(1);
  return async () => {
    expect(await room.getContent()).toEqual([{t: {r: {x: 1}}}, {real: 1}]);
    expect(await room.loadContent()).toEqual([{t: {r: {x: 1}}}, {real: 1}]);
    a.store.delTables();
    a.store.delValues();
    await until(async () => {
      const [tables, values] = (await room.getContent())!;
      return !Object.keys({...tables, ...values}).length;
    });
    const stored = await room.getStorage();
    Object.entries(keys).forEach(([key, value]) =>
      expect(stored.get(key)).toBe(value),
    );
  };
});

['OPTIONS', 'DELETE', 'POST'].forEach((method) =>
  testFailure(19, `${method} on the store path`, async (half) => {
    const room = createTestRoom(server, half);
    await room.putContent([{t: {r: {x: 'private'}}}, {}]);
    const response = await room.request('/store', {method});
    const text = await response.text();
    expect(await room.getContent()).toEqual([{t: {r: {x: 'private'}}}, {}]);
    return () => {
      expect(text).not.toContain('private');
      expect(response.status).toBe(method == 'OPTIONS' ? 204 : 405);
      if (method != 'OPTIONS') {
        expect(response.headers.get('allow')).toMatch(/\bGET\b.*\bPUT\b/);
      }
    };
  }),
);

testFailure(22, 'a row is deleted in a large room', async (half) => {
  const room = createTestRoom(server, half);
  const store = createStore();
  store.transaction(() => {
    for (let row = 0; row < 5_000; row++) {
      for (let cell = 0; cell < 10; cell++) {
        store.setCell('t', `${row}`, `${cell}`, row * cell);
      }
    }
  });
  await room.putContent(store.getContent());
  const a = await startClient(half, room);
  expect(a.store.getRowCount('t')).toBe(5_000);
  const listener = await startClient(half, room);
  await room.takeStorageCounts();
  a.store.delRow('t', '77');
  await until(() => !listener.store.hasRow('t', '77'));
  const counts = await room.takeStorageCounts();
  return async () => {
    expect(counts.keysListed).toBeLessThan(10);
    expect(counts.keysRead).toBeLessThan(10);
    expect(counts.keysWritten + counts.keysDeleted).toBeLessThan(10);
    expect((await room.getContent())![0]['t']).not.toHaveProperty('77');
    await expectSame(room, [listener]);
  };
});
