/** Our client in TinyBase's own room, which answers nothing. */
import {afterAll, beforeAll, expect, test} from 'vitest';
import type {PartyKitPersister} from 'tinybase-partykit/client';
import {expectSoon} from '../support/expect-soon.js';
import {
  createClient,
  expectSame,
  getPendingCount,
  startClient,
  untilOpen,
  type TestClient,
} from '../support/halves.js';
import type {RoomServer} from '../support/room-server.js';
import {startReverseProxy} from '../support/reverse-proxy.js';
import {startTcpProxy} from '../support/tcp-proxy.js';
import {createTestRoom, startTestRooms} from '../support/test-room.js';
import {until} from '../support/until.js';

let server: RoomServer;
beforeAll(async () => {
  server = await startTestRooms();
});
afterAll(() => server?.stop());

const getSyncState = ({persister}: TestClient): string =>
  (persister as unknown as PartyKitPersister).getSyncState();

test('every push counts as applied before long', async () => {
  const room = createTestRoom(server, 'tinybase');
  // Many, since timers that are a millisecond early are few.
  const clients = await Promise.all(
    Array.from({length: 40}, () => startClient('ours', room)),
  );
  await expectSoon(() =>
    expect(new Set(clients.map(getSyncState))).toEqual(new Set(['synced'])),
  );
  for (const [index, {store}] of clients.entries()) {
    store.setValue(`v${index}`, index);
    await new Promise((resolve) => setTimeout(resolve, index % 3));
  }
  await expectSoon(() => {
    expect(clients.map(getPendingCount)).toEqual(clients.map(() => 0));
    expect(new Set(clients.map(getSyncState))).toEqual(new Set(['synced']));
  });
});

/** Makes a client write something of its own again and again. */
const writeSteadily = ({store, socket}: TestClient): (() => void) => {
  const timer = setInterval(() => store.setValue(socket.id, Date.now()), 100);
  return () => clearInterval(timer);
};

test("another's change shows at once, also after a write here", async () => {
  const room = createTestRoom(server, 'tinybase');
  const a = await startClient('ours', room);
  const b = await startClient('tinybase', room);
  await expectSoon(() => expect(getSyncState(a)).toBe('synced'));
  a.store.setCell('t', 'r', 'c', 'a');
  await until(() => b.store.getCell('t', 'r', 'c') == 'a');
  b.store.setCell('t', 'r', 'c', 'b');
  await expectSoon(() => expect(a.store.getCell('t', 'r', 'c')).toBe('b'), 500);
});

test('concurrent writes converge while both go on writing', async () => {
  const room = createTestRoom(server, 'tinybase');
  const a = await startClient('ours', room);
  const b = await startClient('ours', room);
  await expectSoon(() => expect(getSyncState(a)).toBe('synced'));
  await expectSoon(() => expect(getSyncState(b)).toBe('synced'));
  const stops = [a, b].map(writeSteadily);
  try {
    for (let row = 0; row < 20; row++) {
      a.store.setCell('t', `${row}`, 'by', 'a');
      b.store.setCell('t', `${row}`, 'by', 'b');
    }
    await expectSoon(async () => {
      const table = (await room.getContent())?.[0]['t'];
      expect(Object.keys(table ?? {})).toHaveLength(20);
      expect(a.store.getTable('t')).toEqual(table);
      expect(b.store.getTable('t')).toEqual(table);
    });
  } finally {
    stops.forEach((stop) => stop());
  }
});

test('what was lost in flight is sent again', async () => {
  const proxy = await startTcpProxy(server.port);
  const room = createTestRoom(server, 'tinybase');
  const a = await startClient('ours', room, {host: proxy.host});
  const b = await startClient('tinybase', room);
  await expectSoon(() => expect(getSyncState(a)).toBe('synced'));
  proxy.swallow();
  a.store.setCell('t', 'r', 'lost', 1);
  await until(() => proxy.swallowed > 0);
  proxy.cut();
  await until(() => a.socket.readyState != a.socket.OPEN);
  a.store.setCell('t', 'r', 'offline', 2);
  b.store.setCell('t', 'r', 'missed', 3);
  await until(async () => (await room.getContent())?.[0]['t']?.['r']);
  proxy.resume();
  await untilOpen(a);
  await expectSoon(async () => {
    const row = {lost: 1, offline: 2, missed: 3};
    expect((await room.getContent())?.[0]['t']?.['r']).toEqual(row);
    expect(a.store.getRow('t', 'r')).toEqual(row);
    expect(b.store.getRow('t', 'r')).toEqual(row);
  });
  expect(a.errors).toEqual([]);
});

test('a change that overtakes a snapshot stays', async () => {
  const room = createTestRoom(server, 'tinybase');
  await room.putContent([{}, {there: 1}]);
  const b = await startClient('tinybase', room);
  let change = 0;
  // While each snapshot is on its way, b changes something.
  const host = await startReverseProxy(server.port, {
    beforeAnswer: async ({method}) => {
      if (method == 'GET') {
        const id = `change${++change}`;
        b.store.setValue(id, change);
        await until(async () => (await room.getContent())?.[1][id]);
        // It may show before the snapshot or after it, but then it stays.
        await until(() => a.store.hasValue(id), {timeoutMs: 100}).catch(
          () => {},
        );
      }
    },
  });
  const a = createClient('ours', room, {host});
  await untilOpen(a);
  await a.persister.startAutoPersisting();
  await expectSoon(() => expect(getSyncState(a)).toBe('synced'));
  await expectSame(room, [a, b]);
  expect(change).toBeGreaterThan(1);
});

test('a write outlives a snapshot that takes long', async () => {
  const room = createTestRoom(server, 'tinybase');
  await room.putContent([{}, {there: 1}]);
  let write = 0;
  // While each snapshot is on its way, a writes, and takes it for applied.
  const host = await startReverseProxy(server.port, {
    beforeAnswer: async ({method}) => {
      if (method == 'GET' && a.persister.isAutoLoading()) {
        a.store.setValue(`write${++write}`, write);
        await until(() => !getPendingCount(a), {timeoutMs: 1_500}).catch(
          () => {},
        );
      }
    },
  });
  const a = createClient('ours', room, {host});
  await untilOpen(a);
  await a.persister.startAutoPersisting();
  await expectSoon(() => expect(getSyncState(a)).toBe('synced'));
  const values = (await room.getContent())![1];
  expect(write).toBeGreaterThan(1);
  expect(Object.keys(values)).toHaveLength(1 + write);
  await expectSame(room, [a]);
});
