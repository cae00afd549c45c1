/** Nothing written while a client starts or loads is lost, on either side. */
import type {Content} from 'tinybase';
import {afterAll, beforeAll, expect} from 'vitest';
import {testFailure} from '../support/test-both-halves.js';
import {expectSoon} from '../support/expect-soon.js';
import {
  createClient,
  expectSame,
  startClient,
  untilOpen,
} from '../support/halves.js';
import type {RoomServer} from '../support/room-server.js';
import {startReverseProxy} from '../support/reverse-proxy.js';
import {createTestRoom, startTestRooms} from '../support/test-room.js';
import {until} from '../support/until.js';

let server: RoomServer;
beforeAll(async () => {
  server = await startTestRooms();
});
afterAll(() => server?.stop());

testFailure(7, 'two clients seed a fresh room together', async (half) => {
  // Both have asked before either gets an answer, if they ask at all.
  let asking = 0;
  const host = await startReverseProxy(server.port, {
    beforeAnswer: async ({method}) => {
      if (method == 'GET') {
        asking++;
        await until(() => asking > 1, {timeoutMs: 500}).catch(() => {});
      }
    },
  });
  const room = createTestRoom(server, half);
  const a = createClient(half, room, {host});
  const b = createClient(half, room, {host});
  await Promise.all([a, b].map(untilOpen));
  const createSeed = (name: string): Content => [
    {seeds: {[name]: {by: name}, both: {by: name}}},
    {seededBy: name},
  ];
  await Promise.all([
    a.persister.startAutoPersisting(createSeed('a')),
    b.persister.startAutoPersisting(createSeed('b')),
  ]);
  const [, {seededBy}] = (await room.getContent())!;
  expect(['a', 'b']).toContain(seededBy);
  return async () => {
    expect(await expectSame(room, [a, b])).toEqual(
      createSeed(seededBy as string),
    );
  };
});

testFailure(9, 'an edit before starting has ended', async (half) => {
  const room = createTestRoom(server, half);
  await room.putContent([{t: {r: {there: 1}}}, {there: 1}]);
  const a = createClient(half, room);
  const b = await startClient(half, room);
  await untilOpen(a);
  const started = a.persister.startAutoPersisting();
  a.store.setCell('t', 'r', 'edited', 2);
  a.store.setValue('edited', 2);
  await started;
  expect(a.store.getCell('t', 'r', 'there')).toBe(1);
  return async () => {
    expect(a.store.getCell('t', 'r', 'edited')).toBe(2);
    await expectSoon(async () =>
      expect(await room.getContent()).toEqual([
        {t: {r: {there: 1, edited: 2}}},
        {there: 1, edited: 2},
      ]),
    );
    await expectSame(room, [a, b]);
  };
});

testFailure(10, 'edits while starting up', async (half) => {
  const room = createTestRoom(server, half);
  await room.putContent([{t: {r: {there: 1}}}, {}]);
  const a = createClient(half, room);
  const b = await startClient(half, room);
  await untilOpen(a);
  const edits: Record<string, unknown> = {};
  const edit = (): void => {
    const rowId = `${Object.keys(edits).length}`;
    edits[rowId] = {status: a.persister.getStatus()};
    a.store.setRow('edits', rowId, {status: a.persister.getStatus()});
  };
  const listenerId = a.persister.addStatusListener(edit);
  await a.persister.startAutoPersisting();
  a.persister.delListener(listenerId);
  expect(Object.keys(edits).length).toBeGreaterThan(1);
  // What came after the load is there, whether the room has it or not.
  expect(a.store.hasTable('edits')).toBe(true);
  return async () => {
    await expectSoon(async () =>
      expect((await room.getContent())?.[0]['edits']).toEqual(edits),
    );
    await expectSame(room, [a, b]);
  };
});

testFailure(11, 'an edit while load() is in flight', async (half) => {
  const room = createTestRoom(server, half);
  await room.putContent([{t: {r: {there: 1}}}, {}]);
  const a = await startClient(half, room);
  const b = await startClient(half, room);
  const loaded = a.persister.load();
  a.store.setCell('t', 'r', 'edited', 2);
  await loaded;
  expect(a.store.getCell('t', 'r', 'there')).toBe(1);
  return async () => {
    await expectSoon(async () =>
      expect(await room.getContent()).toEqual([
        {t: {r: {there: 1, edited: 2}}},
        {},
      ]),
    );
    await expectSame(room, [a, b]);
  };
});

testFailure(12, 'a change between snapshot and socket', async (half) => {
  const room = createTestRoom(server, half);
  await room.putContent([{t: {r: {first: 1}}}, {}]);
  const a = createClient(half, room, {socket: {startClosed: true}});
  const b = await startClient(half, room);
  const started = a.persister.startAutoPersisting();
  await until(() => a.store.hasCell('t', 'r', 'first'));
  b.store.setCell('t', 'r', 'between', 2);
  await until(
    async () => (await room.getContent())?.[0]['t']?.['r']?.['between'],
  );
  a.socket.reconnect();
  await untilOpen(a);
  await started;
  return async () => {
    await expectSoon(() =>
      expect(a.store.getRow('t', 'r')).toEqual({first: 1, between: 2}),
    );
    await expectSame(room, [a, b]);
  };
});
