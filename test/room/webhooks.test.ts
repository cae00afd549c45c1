/** A real room sends webhooks to a real receiver, whatever befalls either. */
import {setTimeout as sleep} from 'node:timers/promises';
import {createStore} from 'tinybase';
import {afterAll, beforeAll, expect, test} from 'vitest';
import type {StoreUpdatedEvent} from '../../src/webhook/index.js';
import {startChaoticReceiver} from '../support/chaotic-receiver.js';
import {expectSoon} from '../support/expect-soon.js';
import {getPendingCount, startClient} from '../support/halves.js';
import {type RoomServer, startRoomServer} from '../support/room-server.js';
import {createRandomInteger, editAtRandom} from '../support/random-edits.js';
import {createTestRoom, type TestRoom} from '../support/test-room.js';
import {until} from '../support/until.js';
import {SECRET} from '../support/webhook-requests.js';

/** How long the chaos lasts. */
const SECONDS = Number(process.env.WEBHOOK_SECONDS ?? 30);
const SEED = Number(process.env.SEED ?? 1);

let server: RoomServer;
let receiver: Awaited<ReturnType<typeof startChaoticReceiver>>;

beforeAll(async () => {
  receiver = await startChaoticReceiver(createRandomInteger(SEED));
  const webhooks = [
    {url: `${receiver.url}/changes`, include: 'changes', throttleMs: 50},
    {url: `${receiver.url}/each`, throttleMs: 0},
    {url: `${receiver.url}/content`, include: 'content', throttleMs: 500},
  ].map((webhook) => ({...webhook, secret: SECRET}));
  server = await startRoomServer({
    main: 'test/rooms/webhooks.ts',
    vars: {webhooks: JSON.stringify(webhooks)},
    parties: {alarm: 'test/rooms/webhooks-and-alarm.ts'},
  });
});
afterAll(async () => {
  await server?.stop();
  await receiver?.stop();
});

const getPosition = async (room: TestRoom) => {
  const response = await room.request('/store', {method: 'HEAD'});
  const [, epoch, offset] = /"(\w+)\.(\d+)"/.exec(
    response.headers.get('etag')!,
  )!;
  return {epoch: epoch!, offset: Number(offset)};
};

const getEvents = (path: string, {name}: TestRoom): StoreUpdatedEvent[] =>
  receiver.getReceiver(path).events.filter(({data}) => data.room == name);

/** Expects all of a room's history, in order, none of it twice. */
const expectAll = async (
  path: string,
  room: TestRoom,
): Promise<StoreUpdatedEvent[]> => {
  const {epoch, offset} = await getPosition(room);
  const events = getEvents(path, room);
  let last = 0;
  for (const {data} of events) {
    expect([data.epoch, data.fromOffset]).toEqual([epoch, last]);
    last = data.toOffset;
  }
  expect(last, `${path}: the last offset`).toBe(offset);
  return events;
};

test(
  `W10, W12, W17: every offset comes, in order, after ${SECONDS} s of chaos`,
  {timeout: 60_000 + SECONDS * 2_000},
  async () => {
    const random = createRandomInteger(SEED + 1);
    const room = createTestRoom(server, 'ours', {party: 'main', name: 'chaos'});
    await room.putContent([{}, {start: true}]);
    const client = await startClient('ours', room);
    const {store} = client;
    const endsAt = performance.now() + SECONDS * 1_000;
    const killsAt = [1, 2].map((n) => endsAt - (SECONDS * 1_000 * n) / 3);
    let edits = 0;
    let kills = 0;
    let outages = 0;
    let outage: Promise<void> | undefined;
    while (performance.now() < endsAt) {
      for (let burst = random(4); burst; burst--) {
        editAtRandom(store, random, ++edits);
      }
      await sleep(random(random(8) ? 60 : 600));
      if (!random(40) && !outage) {
        outages++;
        outage = (async () => {
          await receiver.stop();
          await sleep(random(1_500));
          await receiver.listen();
          outage = undefined;
        })();
      }
      if (performance.now() > (killsAt.at(-1) ?? Infinity)) {
        killsAt.pop();
        kills++;
        await server.restart();
      }
    }
    await outage;
    receiver.calmDown();
    store.setValue('end', true);
    await until(() => !getPendingCount(client), {timeoutMs: 20_000});
    const events = await expectSoon(async () => {
      await expectAll('/each', room);
      await expectAll('/content', room);
      return await expectAll('/changes', room);
    }, 60_000);

    const mirror = createStore();
    for (const {data} of events) {
      data.changes!.forEach(({changes}) =>
        changes.forEach((one) => mirror.applyChanges(one)),
      );
    }
    const content = await room.getContent();
    expect(mirror.getContent()).toEqual(content);
    expect(getEvents('/content', room).at(-1)!.data.content).toEqual(content);
    expect(kills).toBe(2);
    expect(receiver.counts.elsewhere).toBe(undefined);
    expect(receiver.getReceiver('/changes').errors).toEqual([]);
    const {offset} = await getPosition(room);
    console.log(
      `seed ${SEED}: ${edits} edits, ${offset} offsets; ${events.length} events ` +
        `with changes, ${getEvents('/each', room).length} of each commit, ` +
        `${getEvents('/content', room).length} with content; ` +
        `${kills} kills, ${outages} outages, ${JSON.stringify(receiver.counts)}`,
    );
  },
);

test('W14, W18: a receiver that hangs slows nobody', async () => {
  receiver.calmDown();
  let hanging = 0;
  receiver.behave((request) => {
    hanging++;
    request.resume();
  });
  const room = createTestRoom(server, 'ours', {party: 'main'});
  await room.putContent([{}, {}]);
  const client = await startClient('ours', room);
  await until(() => hanging >= 2);
  const latencies: number[] = [];
  for (let n = 0; n < 50; n++) {
    const before = performance.now();
    client.store.setValue('n', n);
    await until(() => !getPendingCount(client), {intervalMs: 1});
    latencies.push(performance.now() - before);
  }
  const median = latencies.sort((a, b) => a - b)[25]!;
  // Of the 400 ms that one attempt takes.
  expect(median).toBeLessThan(100);
  receiver.behave(undefined);
  await expectSoon(() => expectAll('/each', room), 20_000);
});

test('W17: an alarm wakes a room that sleeps, which knows its id', async () => {
  receiver.calmDown();
  const room = createTestRoom(server, 'ours', {party: 'main', name: 'sleeper'});
  const instance = await room.getInstance();
  receiver.behave((request, response) => {
    request.resume();
    response.writeHead(503, {'Retry-After': '14'}).end();
  });
  await room.putContent([{}, {awake: false}]);
  await sleep(1_500);
  receiver.behave(undefined);
  await until(() => getEvents('/changes', room).length, {timeoutMs: 25_000});
  await until(() => getEvents('/content', room).length, {timeoutMs: 5_000});
  expect(await room.getInstance()).not.toBe(instance);
  await expectSoon(() => expectAll('/each', room));
}, 60_000);

test('W19: the app has its own alarm beside', async () => {
  receiver.calmDown();
  const room = createTestRoom(server, 'ours', {party: 'alarm'});
  await room.putContent([{}, {}]);
  const before = Date.now();
  const set = await room.request('/alarm?ms=2500', {method: 'POST'});
  const at = Number(await set.json());
  expect(at).toBeGreaterThanOrEqual(before + 2_500);
  await expectSoon(() => expectAll('/content', room));
  expect(await (await room.request('/alarm')).json()).toBe(at);
  expect((await room.getContent())![1]).toEqual({});
  await expectSoon(async () =>
    expect((await room.getContent())![1]).toEqual({rings: 1}),
  );
  expect(Date.now()).toBeGreaterThanOrEqual(at);
  expect(await (await room.request('/alarm')).json()).toBe(null);
  await expectSoon(() => expectAll('/each', room));

  // Where its handler throws it is called again.
  await room.putStorage({throws: true});
  await room.request('/alarm?ms=10', {method: 'POST'});
  await expectSoon(
    async () => expect((await room.getContent())![1]).toEqual({rings: 3}),
    10_000,
  );
  await expectSoon(() => expectAll('/changes', room));

  // So it is where it is set in a transaction.
  await room.request('/alarm?ms=1000', {method: 'PUT'});
  expect(await (await room.request('/alarm')).json()).toBeGreaterThan(at);
  await expectSoon(
    async () => expect((await room.getContent())![1]).toEqual({rings: 4}),
    10_000,
  );
  await expectSoon(() => expectAll('/each', room));
});
