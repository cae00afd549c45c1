/** A connection that is dead, and does not say so, is noticed and renewed. */
import {afterAll, beforeAll, expect, test} from 'vitest';
import {expectSoon} from '../support/expect-soon.js';
import {
  expectSame,
  getPendingCount,
  startClient,
  untilOpen,
  type TestClient,
  type TestClientOptions,
} from '../support/halves.js';
import type {RoomServer} from '../support/room-server.js';
import {isPartyKit} from '../support/platform.js';
import {startTcpProxy} from '../support/tcp-proxy.js';
import {
  createTestRoom,
  startTestRooms,
  type TestRoom,
} from '../support/test-room.js';
import {until} from '../support/until.js';

// An answer is overdue after ten seconds, spread by half of it both ways.
const PATIENCE_MS = 30_000;
const HEARTBEAT_MS = 1_000;
/** The platform evicts an idle room after 10 s; this finds it asleep. */
const RARE_HEARTBEAT_MS = 12_000;
/** The platform takes no longer frame; PartyKit's own then none after it. */
const OVERLONG_FRAME = 'x'.repeat((isPartyKit ? 1_048_576 : 33_554_432) + 1);

let server: RoomServer;
beforeAll(async () => {
  server = await startTestRooms();
});
afterAll(() => server?.stop());

const startRoom = async (party = 'ours') => {
  const room = createTestRoom(server, 'ours', {party});
  const proxy = await startTcpProxy(server.port);
  const other = await startClient('ours', room);
  const start = async (options: TestClientOptions = {}) => {
    const client = await startClient('ours', room, {
      host: proxy.host,
      heartbeatMs: 0,
      ...options,
    });
    const closes: number[] = [];
    client.socket.addEventListener('close', ({code}) => closes.push(code));
    return {...client, closes};
  };
  return {room, proxy, other, start};
};

/** Both write, and have what the other wrote. */
const expectWell = async (
  room: TestRoom,
  ...clients: TestClient[]
): Promise<void> => {
  clients.forEach(({store}, index) => store.setValue(`well ${index}`, true));
  await expectSoon(
    () => expect(clients.map(getPendingCount)).toEqual(clients.map(() => 0)),
    PATIENCE_MS,
  );
  const [, values] = await expectSame(room, clients);
  clients.forEach((_, index) => expect(values[`well ${index}`]).toBe(true));
};

const SCENES: {[what: string]: () => Promise<void>} = {
  'A2 a half-open connection of a reader, while one of another is well':
    async () => {
      const {room, proxy, other, start} = await startRoom();
      const reader = await start({heartbeatMs: HEARTBEAT_MS});
      const healthy = await start({
        host: room.host,
        heartbeatMs: HEARTBEAT_MS,
      });
      proxy.abandon();
      other.store.setCell('t', 'r', 'missed', 1);
      await expectSoon(
        () => expect(reader.store.getCell('t', 'r', 'missed')).toBe(1),
        PATIENCE_MS,
      );
      await expectWell(room, other, reader, healthy);
      expect(reader.closes).toHaveLength(1);
      expect(healthy.closes).toEqual([]);
    },

  'C6 a half-open connection of a writer': async () => {
    const {room, proxy, other, start} = await startRoom();
    const writer = await start();
    proxy.abandon();
    writer.store.setCell('t', 'r', 'written', 1);
    await expectSoon(
      () => expect(other.store.getCell('t', 'r', 'written')).toBe(1),
      PATIENCE_MS,
    );
    await expectWell(room, other, writer);
    expect(writer.closes).toHaveLength(1);
  },

  'C6 a hello that gets no answer': async () => {
    const {room, proxy, other, start} = await startRoom();
    const reader = await start();
    reader.socket.addEventListener('open', () => proxy.abandon(), {once: true});
    proxy.cut();
    await until(() => reader.closes.length);
    proxy.resume();
    other.store.setCell('t', 'r', 'missed', 1);
    await expectSoon(
      () => expect(reader.store.getCell('t', 'r', 'missed')).toBe(1),
      PATIENCE_MS,
    );
    await expectWell(room, other, reader);
    expect(reader.closes).toHaveLength(2);
  },

  "A2 a reader's connection gone deaf by a frame of the app's": async () => {
    const {room, other, start} = await startRoom();
    const reader = await start({heartbeatMs: HEARTBEAT_MS});
    reader.socket.send(OVERLONG_FRAME);
    await until(() => reader.closes.length, {timeoutMs: PATIENCE_MS});
    other.store.setCell('t', 'r', 'missed', 1);
    await untilOpen(reader);
    await expectWell(room, other, reader);
    expect(reader.store.getCell('t', 'r', 'missed')).toBe(1);
  },

  "C6 a writer's connection gone deaf by a frame of the app's": async () => {
    const {room, other, start} = await startRoom();
    const writer = await start();
    writer.socket.send(OVERLONG_FRAME);
    writer.store.setCell('t', 'r', 'written', 1);
    await expectSoon(
      () => expect(other.store.getCell('t', 'r', 'written')).toBe(1),
      PATIENCE_MS,
    );
    await expectWell(room, other, writer);
  },

  'A3 a room that sleeps is asked, and answers': async () => {
    const {room, start} = await startRoom();
    const reader = await start({heartbeatMs: RARE_HEARTBEAT_MS});
    const instance = await room.getInstance();
    const heard: string[] = [];
    reader.socket.addEventListener('message', ({data}) =>
      heard.push(String(data)),
    );
    await until(() => heard.includes('o[]'), {timeoutMs: PATIENCE_MS});
    expect(await room.getInstance()).not.toBe(instance);
    expect(reader.closes).toEqual([]);
    await expectWell(room, reader);
  },
};

// Rows of 400 kB each: more than `maxUnreadLength`, and one more.
[
  {party: 'ours', rows: 28},
  {party: 'bare', rows: 28},
  {party: 'limited', rows: 5},
].forEach(({party, rows}) => {
  SCENES[`A4 a reader that has stopped to read is cut off (${party})`] =
    async () => {
      const {room, proxy, other, start} = await startRoom(party);
      const stopped = await start();
      const well = await start({host: room.host});
      const legacy = await startClient('tinybase', room);
      proxy.stall('down');
      // One after the other: the room counts what it has sent before, and who is
      // slow for a moment is not to be taken for one who has stopped.
      for (let row = 1; row <= rows; row++) {
        other.store.setCell('t', `${row}`, 'c', 'long '.repeat(80_000));
        await until(
          () => !getPendingCount(other) && well.store.hasRow('t', `${row}`),
          {timeoutMs: PATIENCE_MS},
        );
      }
      await expectSoon(
        () =>
          [well, legacy].forEach(({store}) =>
            expect(store.getRowCount('t')).toBe(rows),
          ),
        PATIENCE_MS,
      );
      expect(stopped.store.getRowCount('t')).toBe(0);
      proxy.resume();
      await until(() => stopped.closes.length, {timeoutMs: PATIENCE_MS});
      expect(stopped.closes).toEqual([4429]);
      await untilOpen(stopped);
      await expectWell(room, other, stopped, well, legacy);
      expect(well.closes).toEqual([]);
    };
});

test(
  'A2 A3 A4 C6 dead connections of every kind, all at once',
  {timeout: 3 * PATIENCE_MS},
  async () => {
    await Promise.all(
      Object.entries(SCENES).map(async ([what, play]) => {
        try {
          await play();
        } catch (cause) {
          throw new Error(what, {cause});
        }
      }),
    );
  },
);
