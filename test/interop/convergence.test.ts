/** Concurrent writes where the two halves meet. */
import {setImmediate} from 'node:timers/promises';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {canonicalize} from '../support/content.js';
import {expectSoon} from '../support/expect-soon.js';
import {startClient, untilSettled, type TestClient} from '../support/halves.js';
import type {RoomServer} from '../support/room-server.js';
import {createRandomInteger, editAtRandom} from '../support/random-edits.js';
import {
  createTestRoom,
  HALVES,
  startTestRooms,
  type Half,
  type TestRoom,
} from '../support/test-room.js';

let server: RoomServer;
beforeAll(async () => {
  server = await startTestRooms();
});
afterAll(() => server?.stop());

const startClients = async (
  room: TestRoom,
  halves: Half[],
): Promise<TestClient[]> => {
  const clients: TestClient[] = [];
  for (const half of halves) {
    clients.push(await startClient(half, room));
  }
  return clients;
};

const expectConverged = async (
  room: TestRoom,
  clients: TestClient[],
): Promise<void> =>
  await expectSoon(async () => {
    const content = canonicalize(await room.getContent());
    clients.forEach(({half, store}, index) =>
      expect(canonicalize(store.getContent()), `client ${index}: ${half}`).toBe(
        content,
      ),
    );
  }, 10_000);

const MEETINGS: {halves: Half[]; room: Half; equal: Half[]}[] = [
  {halves: ['ours', 'tinybase'], room: 'ours', equal: ['ours', 'tinybase']},
  {halves: ['tinybase', 'tinybase'], room: 'ours', equal: ['tinybase']},
  {halves: ['ours', 'ours'], room: 'tinybase', equal: ['ours']},
  // Nothing heals TinyBase's own client in its own room.
  {halves: ['ours', 'tinybase'], room: 'tinybase', equal: ['ours']},
];

MEETINGS.filter(({room}) => HALVES.includes(room)).forEach(
  ({halves, room: roomHalf, equal}) => {
    const title = `${halves.join(' and ')} in a room of ${roomHalf}`;

    test(`the same cell at once: ${title}`, async () => {
      const room = createTestRoom(server, roomHalf);
      const clients = await startClients(room, halves);
      for (let attempt = 0; attempt < 50; attempt++) {
        clients.forEach(({store}, index) =>
          store.setCell('tries', `${attempt}`, 'by', index),
        );
      }
      await untilSettled(room, clients);
      await expectConverged(
        room,
        clients.filter(({half}) => equal.includes(half)),
      );
    });

    [1, 2].forEach((seed) =>
      test(
        `500 random edits, seed ${seed}: ${title}`,
        // TinyBase's room answers nothing: that two writes met is noticed only
        // where the other's arrives within a second, which a busy machine may miss.
        {timeout: 60_000, retry: roomHalf == 'tinybase' ? 3 : 0},
        async () => {
          const room = createTestRoom(server, roomHalf);
          const clients = await startClients(room, halves);
          const random = createRandomInteger(seed);
          for (let edit = 1; edit <= 500; edit++) {
            const {store} = clients[random(clients.length)]!;
            editAtRandom(store, random, edit);
            if (!random(8)) {
              await setImmediate();
            }
          }
          await untilSettled(room, clients);
          await expectConverged(
            room,
            clients.filter(({half}) => equal.includes(half)),
          );
        },
      ),
    );
  },
);

[1, 2].forEach((seed) =>
  test(`refusals reach every half in our room, seed ${seed}`, async () => {
    const room = createTestRoom(server, 'ours', {ruled: true});
    const clients = await startClients(room, ['ours', 'tinybase', 'ours']);
    const random = createRandomInteger(seed);
    for (let edit = 1; edit <= 300; edit++) {
      editAtRandom(clients[random(3)]!.store, random, edit);
      if (!random(8)) {
        await setImmediate();
      }
    }
    await untilSettled(room, clients);
    await expectConverged(room, clients);
  }),
);
