/** Our room sleeps while its clients stay connected, and wakes as it was. */
import {afterAll, beforeAll, expect, test} from 'vitest';
import {expectSoon} from '../support/expect-soon.js';
import {
  expectSame,
  getPendingCount,
  startClient,
  type TestClient,
} from '../support/halves.js';
import type {RoomServer} from '../support/room-server.js';
import {
  createTestRoom,
  startTestRooms,
  type TestRoom,
} from '../support/test-room.js';

// The platform evicts after 10 s without an event; any look would be one.
const IDLE_MS = 11_500;

let server: RoomServer;
beforeAll(async () => {
  server = await startTestRooms();
});
afterAll(() => server?.stop());

const letSleep = async (): Promise<void> =>
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));

test(
  'clients of both halves go on after it slept',
  {timeout: 90_000},
  async () => {
    const rooms = [false, true].map((ruled) =>
      createTestRoom(server, 'ours', {ruled}),
    );
    const scenes = await Promise.all(
      rooms.map(async (room) => {
        const clients = [
          await startClient('ours', room),
          await startClient('tinybase', room),
          await startClient('ours', room),
          await startClient('tinybase', room),
        ];
        clients[0]!.store.setTables({t: {r: {seed: 1}}});
        await expectSame(room, clients);
        return {room, clients, instance: await room.getInstance()};
      }),
    );
    for (const writer of [0, 1]) {
      await letSleep();
      await Promise.all(
        scenes.map((scene) => expectAwake(scene.room, scene.clients, writer)),
      );
      for (const scene of scenes) {
        const instance = await scene.room.getInstance();
        expect(instance, 'the room has slept').not.toBe(scene.instance);
        scene.instance = instance;
      }
    }
  },
);

const expectAwake = async (
  room: TestRoom,
  clients: TestClient[],
  writer: number,
): Promise<void> => {
  clients[writer]!.store.setCell('t', 'r', 'by', writer);
  await expectSoon(() => {
    clients.forEach(({store}, index) =>
      expect(store.getCell('t', 'r', 'by'), `client ${index}`).toBe(writer),
    );
    expect(clients.map(getPendingCount)).toEqual([0, 0, 0, 0]);
  });
  clients.forEach(({store}, index) => store.setValue(`after${index}`, writer));
  await expectSame(room, clients);
  clients.forEach(({errors}) => expect(errors).toEqual([]));
};
