/** A room may be evicted between any two events: nobody notices. */
import {setImmediate, setTimeout as pause} from 'node:timers/promises';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {adaptRooms} from '../support/adapt-rooms.js';
import {
  expectSame,
  getPendingCount,
  startClient,
  untilSettled,
  type TestClient,
} from '../support/halves.js';
import {OBJECT_STORAGE} from '../support/platform.js';
import {
  createRandomInteger,
  editAtRandom,
  type RandomInteger,
} from '../support/random-edits.js';
import {createTestRoom, type Half} from '../support/test-room.js';
import {startWorkerd, type Workerd} from '../support/workerd.js';

const EVICTIONS = Number(process.env.EVICTIONS ?? 20);
const SEED = Number(process.env.SEED ?? 1);
const HALVES: Half[] = ['ours', 'ours', 'ours', 'tinybase'];

let server: Workerd;
beforeAll(async () => {
  server = await startWorkerd({
    ...adaptRooms({
      bare: 'test/rooms/bare.ts',
      ours: 'test/rooms/ours.ts',
      oursruled: 'test/rooms/ours-ruled.ts',
    }),
    storage: OBJECT_STORAGE,
  });
});
afterAll(() => server?.stop());

interface Writer extends TestClient {
  readonly name: string;
  written: number;
  closes: number;
}

/** One push: a Row of its own, and what our half may write with others. */
const push = (writer: Writer, random: RandomInteger, edit: number): void => {
  const {store, name} = writer;
  const count = ++writer.written;
  store.transaction(() => {
    store.setRow(name, `${count}`, {count});
    if (writer.half == 'ours') {
      editAtRandom(store, random, edit);
    }
    if (!random(10)) {
      store.setCell('t', `${name} ${count}`, 'refused', true);
    }
  });
};

test.each(['bare', 'ours', 'oursruled'])(
  `P1, P2, S4: ${EVICTIONS} evictions of a room of party %s, seed ${SEED}`,
  {timeout: 30_000 + EVICTIONS * 1_000},
  async (party) => {
    const random = createRandomInteger(SEED);
    const room = createTestRoom(server, 'ours', {party});
    await room.putContent([{}, {start: 0}]);
    const writers: Writer[] = [];
    for (const [index, half] of HALVES.entries()) {
      const client = await startClient(half, room);
      const writer = {...client, name: `w${index}`, written: 0, closes: 0};
      client.socket.addEventListener('close', () => writer.closes++);
      writers.push(writer);
    }

    let edits = 0;
    let evictions = 0;
    let inFlight = 0;
    const isOver = (): boolean => evictions == EVICTIONS;
    const write = async (): Promise<void> => {
      while (!isOver()) {
        const writer = writers[random(writers.length)]!;
        if (getPendingCount(writer) < 20) {
          push(writer, random, ++edits);
        }
        await (random(4) ? setImmediate() : pause(random(8)));
      }
    };
    const writing = write();
    while (!isOver()) {
      await pause(random(30));
      inFlight += writers.some(getPendingCount) ? 1 : 0;
      evictions += (await server.evict(party, room.name)) ? 1 : 0;
    }
    await writing;

    await untilSettled(room, writers);
    const [tables] = await expectSame(room, writers);
    writers.forEach(({name, written}) =>
      expect(Object.keys(tables[name] ?? {}), name).toHaveLength(written),
    );
    expect(writers.map(({closes}) => closes)).toEqual([0, 0, 0, 0]);
    const etag = (await room.request('/store')).headers.get('etag');
    // The first content is number 1, and each has set a mark in the end.
    expect(Number(/\.(\d+)"/.exec(etag ?? '')?.[1])).toBe(
      1 + writers.reduce((sum, {written}) => sum + written + 1, 0),
    );
    console.log(
      `party ${party}: ${edits} pushes, ${evictions} evictions, ` +
        `${inFlight} of them with pushes in flight; none lost, none twice`,
    );
    expect(inFlight).toBeGreaterThan(0);
  },
);
