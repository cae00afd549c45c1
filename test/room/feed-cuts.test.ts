/** A reader that is cut off time and again misses nothing of what flows. */
import {setImmediate} from 'node:timers/promises';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {type EventStream, openFeed} from '../support/event-stream.js';
import {createFollowedStore} from '../support/followed-store.js';
import {getPendingCount, startClient} from '../support/halves.js';
import type {RoomServer} from '../support/room-server.js';
import {createRandomInteger, editAtRandom} from '../support/random-edits.js';
import {startTcpProxy} from '../support/tcp-proxy.js';
import {
  createTestRoom,
  startTestRooms,
  type TestRoom,
} from '../support/test-room.js';
import {until} from '../support/until.js';

const SEED = Number(process.env.SEED ?? 1);
const CUTS = Number(process.env.CUTS ?? 100);
const COMMITS = Number(process.env.COMMITS ?? 5_000);
const WRITERS = 2;
const TIMEOUT_MS = 120_000;

let server: RoomServer;
beforeAll(async () => {
  server = await startTestRooms();
});
afterAll(() => server?.stop());

const getPosition = async (room: TestRoom): Promise<string> => {
  const {headers} = await room.request('/store', {method: 'HEAD'});
  return headers.get('ETag')!.slice(1, -1);
};

// The second has a live Store: as much would take long.
test.each([
  ['bare', CUTS, COMMITS],
  ['ours', CUTS / 5, COMMITS / 5],
])(
  `V3, V4: in a room of party %s, %i cuts while %i commits flow, seed ${SEED}`,
  {timeout: TIMEOUT_MS},
  async (party, leastCuts, leastCommits) => {
    const random = createRandomInteger(SEED);
    const room = createTestRoom(server, 'ours', {party});
    await room.putContent([{}, {}]);
    const proxy = await startTcpProxy(server.port);
    const proxied = `${room.url.replace(server.host, proxy.host)}/store`;
    const writers: Awaited<ReturnType<typeof startClient>>[] = [];
    while (writers.length < WRITERS) {
      writers.push(await startClient('ours', room));
    }
    // Sees each commit by itself.
    const witness = await openFeed(`${room.url}/store`);
    let cuts = 0;
    const isEnough = () =>
      cuts >= leastCuts && witness.events.length > leastCommits;

    const write = async (): Promise<void> => {
      for (let edit = 1; !isEnough(); edit++) {
        for (const writer of writers) {
          // One at a time: each is a commit, if they do not meet.
          if (!getPendingCount(writer)) {
            editAtRandom(writer.store, random, edit);
          }
        }
        await setImmediate();
      }
    };

    const followed = createFollowedStore();
    /** The events that have come whole. */
    const take = (stream: EventStream) => stream.take().forEach(followed.take);
    const open = () =>
      openFeed(
        proxied,
        followed.lastId === undefined ? {} : {'Last-Event-ID': followed.lastId},
      );

    let merged = 0;
    const read = async (): Promise<void> => {
      while (!isEnough()) {
        proxy.truncate('down', 200 + random(20_000));
        try {
          const stream = await open();
          await Promise.race([
            stream.end,
            until(isEnough, {timeoutMs: TIMEOUT_MS, intervalMs: 50}),
          ]);
          const [first] = stream.events;
          merged += first && first.data.time === undefined ? 1 : 0;
          take(stream);
          await stream.leave();
        } catch (error) {
          // Cut before the response had begun.
          expect(String(error)).toMatch(/fetch failed/);
        }
        cuts++;
      }
    };

    await Promise.all([write(), read()]);
    proxy.resume();
    await until(() => writers.every((writer) => !getPendingCount(writer)));
    const stream = await open();
    const position = await getPosition(room);
    await until(() => {
      take(stream);
      return followed.lastId == position;
    });
    await stream.leave();
    await witness.leave();

    const content = await room.getContent();
    expect(followed.store.getContent()).toEqual(content);
    expect(followed.reloads).toBe(0);
    // From the first content on, without a gap or an overlap.
    const offset = Number(position.split('.')[1]);
    const began = followed.beganAt!;
    expect(followed.ranges[0]![0]).toBe(began);
    expect(followed.ranges.at(-1)![1]).toBe(offset);
    const seen = followed.ranges.reduce(
      (sum, [from, to]) => sum + to - from,
      0,
    );
    expect(seen).toBe(offset - began);
    expect(merged).toBeGreaterThan(leastCuts / 4);
    console.log(
      `party ${party}, seed ${SEED}: ${cuts} cuts, ` +
        `${witness.events.length - 1} commits up to offset ${offset}, ` +
        `${followed.ranges.length} events, ${merged} of them what was missed`,
    );
  },
);
