/** Every push takes effect once, whatever is lost on either way. */
import {setImmediate} from 'node:timers/promises';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {expectSoon} from '../support/expect-soon.js';
import {
  expectSame,
  getPendingCount,
  startClient,
  untilOpen,
} from '../support/halves.js';
import type {RoomServer} from '../support/room-server.js';
import {createRandomInteger} from '../support/random-edits.js';
import {startTcpProxy} from '../support/tcp-proxy.js';
import {createTestRoom, startTestRooms} from '../support/test-room.js';
import {until} from '../support/until.js';

let server: RoomServer;
beforeAll(async () => {
  server = await startTestRooms();
});
afterAll(() => server?.stop());

test('a push whose answer is lost is not applied again', async () => {
  const proxy = await startTcpProxy(server.port);
  const room = createTestRoom(server, 'ours');
  const a = await startClient('ours', room, {host: proxy.host});
  const b = await startClient('ours', room);
  proxy.deafen();
  a.store.setCell('t', 'r', 'c', 'a');
  await until(() => b.store.getCell('t', 'r', 'c') == 'a');
  b.store.setCell('t', 'r', 'c', 'b');
  await until(() => !getPendingCount(b));
  expect(getPendingCount(a)).toBe(1);
  expect(a.store.getCell('t', 'r', 'c')).toBe('a');
  const seenByB: unknown[] = [];
  b.store.addCellListener('t', 'r', 'c', (_, ...change) =>
    seenByB.push(change[3]),
  );

  proxy.cut();
  await until(() => a.socket.readyState != a.socket.OPEN);
  proxy.resume();
  await untilOpen(a);
  await expectSoon(() => expect(a.store.getCell('t', 'r', 'c')).toBe('b'));
  expect(getPendingCount(a)).toBe(0);
  await expectSame(room, [a, b]);
  expect(seenByB).toEqual([]);
});

test('a refusal whose answer is lost is told all the same', async () => {
  const proxy = await startTcpProxy(server.port);
  const room = createTestRoom(server, 'ours', {ruled: true});
  const a = await startClient('ours', room, {host: proxy.host});
  const b = await startClient('ours', room);
  proxy.deafen();
  a.store.setCell('t', 'r', 'refused', 1);
  a.store.setCell('t', 'r', 'fine', 2);
  await until(() => b.store.getCell('t', 'r', 'fine') === 2);
  proxy.cut();
  await until(() => a.socket.readyState != a.socket.OPEN);
  proxy.resume();
  await untilOpen(a);
  await expectSoon(() =>
    expect(a.store.getTables()).toEqual({t: {r: {fine: 2}}}),
  );
  await expectSame(room, [a, b]);
  expect(a.errors).toEqual([expect.objectContaining({name: 'RefusedError'})]);
});

[1, 2, 3].forEach((seed) =>
  test(
    `no push is lost over cut sockets and crashes of the room, seed ${seed}`,
    {timeout: 90_000},
    async () => {
      const proxy = await startTcpProxy(server.port);
      const room = createTestRoom(server, 'ours');
      const clients = [
        await startClient('ours', room, {host: proxy.host}),
        await startClient('ours', room, {host: proxy.host}),
        await startClient('ours', room),
      ];
      const random = createRandomInteger(seed);
      const written: Record<string, Record<string, number>> = {};
      let lastRow = 0;
      const writeRows = async (count: number): Promise<void> => {
        for (let row = 0; row < count; row++) {
          const client = random(clients.length);
          const rowId = `${++lastRow}`;
          written[rowId] = {by: client};
          clients[client]!.store.setRow('t', rowId, {by: client});
          if (!random(8)) {
            await setImmediate();
          }
        }
      };
      const harms = [proxy.swallow, proxy.deafen, proxy.stall, proxy.cut];
      for (let round = 0; round < 6; round++) {
        await writeRows(40);
        harms[random(harms.length)]!();
        await writeRows(20);
        proxy.cut();
        await Promise.all([
          writeRows(20),
          round % 3 == 2 ? server.restart() : undefined,
        ]);
        proxy.resume();
      }
      await expectSoon(async () => {
        expect(clients.map(getPendingCount)).toEqual([0, 0, 0]);
        expect((await room.getContent())?.[0]['t']).toEqual(written);
      }, 20_000);
      await expectSame(room, clients);
    },
  ),
);
