/** However the writes of several clients meet, all end with the same. */
import {setImmediate} from 'node:timers/promises';
import {createStore, type Content} from 'tinybase';
import {afterAll, beforeAll, expect} from 'vitest';
import {canonicalize} from '../support/content.js';
import {expectSoon} from '../support/expect-soon.js';
import {
  getPendingCount,
  startClient,
  untilOpen,
  untilSettled,
  type TestClient,
} from '../support/halves.js';
import type {RoomServer} from '../support/room-server.js';
import {
  createRandomInteger,
  editAtRandom,
  type RandomInteger,
} from '../support/random-edits.js';
import {startTcpProxy} from '../support/tcp-proxy.js';
import {
  createTestRoom,
  startTestRooms,
  type TestRoom,
} from '../support/test-room.js';
import {testBothHalves} from '../support/test-both-halves.js';
import {until} from '../support/until.js';

const EDITS = 2_000;

let server: RoomServer;
beforeAll(async () => {
  server = await startTestRooms();
});
afterAll(() => server?.stop());

/** A line to compare the halves by, among the results. */
const report = (line: string): void =>
  void process.stdout.write(`    ${line}\n`);

const startClients = async (
  room: TestRoom,
  count: number,
): Promise<TestClient[]> => {
  const clients: TestClient[] = [];
  while (clients.length < count) {
    clients.push(await startClient(room.half, room));
  }
  return clients;
};

const countDiverged = async (
  room: TestRoom,
  clients: TestClient[],
): Promise<number> => {
  const content = canonicalize(await room.getContent());
  return clients.filter(
    ({store}) => canonicalize(store.getContent()) != content,
  ).length;
};

const expectConverged = async (
  room: TestRoom,
  clients: TestClient[],
  what: string,
): Promise<void> => {
  let diverged = 0;
  try {
    await expectSoon(async () => {
      diverged = await countDiverged(room, clients);
      expect(diverged, 'Stores unlike the room').toBe(0);
    });
  } finally {
    report(`${what} (${room.half}): ${diverged} Stores unlike the room`);
  }
};

const expectNoErrors = (clients: TestClient[]): void =>
  clients.forEach(({errors}) =>
    expect(
      errors.filter((error) => (error as Error).name != 'RefusedError'),
    ).toEqual([]),
  );

const editAll = async (
  clients: TestClient[],
  random: RandomInteger,
  edits: number,
  betweenEdits: () => void = () => {},
): Promise<void> => {
  for (let edit = 1; edit <= edits; edit++) {
    editAtRandom(clients[random(clients.length)]!.store, random, edit);
    betweenEdits();
    if (!random(8)) {
      // No pause: only lets in what has arrived.
      await setImmediate();
    }
  }
};

[
  {seed: 1, ruled: false},
  {seed: 2, ruled: false},
  {seed: 3, ruled: false},
  {seed: 4, ruled: true},
  {seed: 5, ruled: true},
].forEach(({seed, ruled}) => {
  const title =
    `${EDITS} random edits by four clients, seed ${seed}` +
    (ruled ? ', some refused' : '');
  testBothHalves(
    title,
    async (half) => {
      const room = createTestRoom(server, half, {ruled});
      const clients = await startClients(room, 4);
      const startedAt = performance.now();
      await editAll(clients, createRandomInteger(seed), EDITS);
      await untilSettled(room, clients, 40_000);
      const settledMs = Math.round(performance.now() - startedAt);
      return async () => {
        await expectConverged(room, clients, `${title}, ${settledMs} ms`);
        expectNoErrors(clients);
      };
    },
    {timeout: 60_000},
  );
});

[6, 7].forEach((seed) => {
  const title = `800 random edits over sockets that are cut, seed ${seed}`;
  testBothHalves(
    title,
    async (half) => {
      const proxy = await startTcpProxy(server.port);
      const room = createTestRoom(server, half);
      const clients = [
        await startClient(half, room),
        await startClient(half, room, {host: proxy.host}),
        await startClient(half, room, {host: proxy.host}),
      ];
      const random = createRandomInteger(seed);
      for (let cuts = 0; cuts < 4; cuts++) {
        await editAll(clients, random, 100);
        if (random(2)) {
          proxy.swallow();
        }
        await editAll(clients, random, 50);
        proxy.cut();
        await editAll(clients, random, 50);
        proxy.resume();
        await Promise.all(clients.map(untilOpen));
      }
      return async () => {
        await expectConverged(room, clients, title);
        await expectSoon(() =>
          expect(clients.map(getPendingCount)).toEqual([0, 0, 0]),
        );
        await expectConverged(room, clients, title);
        expectNoErrors(clients);
      };
    },
    {timeout: 60_000},
  );
});

testBothHalves('50 concurrent writes of the same cell', async (half) => {
  const room = createTestRoom(server, half);
  const [a, b] = (await startClients(room, 2)) as [TestClient, TestClient];
  let diverged = 0;
  for (let attempt = 0; attempt < 50; attempt++) {
    a.store.setCell('t', 'r', 'c', `a${attempt}`);
    b.store.setCell('t', 'r', 'c', `b${attempt}`);
    await untilSettled(room, [a, b]);
    diverged += (await countDiverged(room, [a, b])) ? 1 : 0;
  }
  report(
    `50 concurrent writes of the same cell (${half}): ${diverged} diverged`,
  );
  return () => expect(diverged).toBe(0);
});

testBothHalves(
  'a client back after 100 changes gets only those',
  async (half) => {
    const proxy = await startTcpProxy(server.port);
    const room = createTestRoom(server, half);
    await room.putContent(createLargeContent());
    const a = await startClient(half, room, {host: proxy.host});
    const b = await startClient(half, room);
    proxy.cut();
    await until(() => a.socket.readyState != a.socket.OPEN);
    for (let row = 0; row < 100; row++) {
      b.store.setCell('t', `${row}`, '3', `missed ${row}`);
    }
    await untilSettled(room, [b]);
    proxy.resetBytes();
    proxy.resume();
    await untilOpen(a);
    const countMissed = (): number => {
      let count = 0;
      for (let row = 0; row < 100; row++) {
        count += a.store.getCell('t', `${row}`, '3') != `missed ${row}` ? 1 : 0;
      }
      return count;
    };
    return async () => {
      try {
        await expectSoon(() => expect(countMissed()).toBe(0));
      } finally {
        report(
          `back after 100 changes (${half}): ${countMissed()} missed, ` +
            `${proxy.bytes.fromServer} bytes received`,
        );
      }
      await untilSettled(room, [a, b]);
      expect(await countDiverged(room, [a, b])).toBe(0);
      expect(proxy.bytes.fromServer).toBeLessThan(20_000);
    };
  },
  {timeout: 60_000},
);

/** 5,000 Rows of 10 Cells. */
const createLargeContent = (): Content => {
  const store = createStore();
  store.transaction(() => {
    for (let row = 0; row < 5_000; row++) {
      for (let cell = 0; cell < 10; cell++) {
        store.setCell('t', `${row}`, `${cell}`, row * cell);
      }
    }
  });
  return store.getContent();
};
