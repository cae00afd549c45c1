/** An open feed keeps a room awake, and a feed that nobody reads does not. */
import {afterAll, beforeAll, expect, test} from 'vitest';
import {openFeed} from '../support/event-stream.js';
import type {RoomServer} from '../support/room-server.js';
import {createTestRoom, startTestRooms} from '../support/test-room.js';
import {until} from '../support/until.js';

const KEEP_ALIVE_MS = 25_000;
/** The platform evicts an idle room after 10 s; to ask wakes it. */
const IDLE_MS = 13_000;

let server: RoomServer;
beforeAll(async () => {
  server = await startTestRooms();
});
afterAll(() => server?.stop());

test(
  'V6: a room is awake, and says so, as long as somebody reads',
  {timeout: 180_000},
  async () => {
    const room = createTestRoom(server, 'ours');
    await room.putContent([{}, {v: 1}]);
    const instance = await room.getInstance();
    const stream = await openFeed(`${room.url}/store`);
    const startedAt = performance.now();
    await until(() => stream.commentCount, {timeoutMs: KEEP_ALIVE_MS + 5_000});
    expect(performance.now() - startedAt).toBeGreaterThan(
      KEEP_ALIVE_MS - 1_000,
    );
    expect(await room.getInstance()).toBe(instance);
    await stream.leave();
    // The first that is sent to who has left need not fail yet.
    await until(async () => (await room.getInstance()) != instance, {
      timeoutMs: 2 * KEEP_ALIVE_MS + 5 * IDLE_MS,
      intervalMs: IDLE_MS,
    });
  },
);
