/** Whenever the room dies, its receiver has every offset in the end. */
import {describe, expect, test} from 'vitest';
import type {StoreUpdatedEvent} from '../../src/webhook/index.js';
import {createRandomInteger} from '../support/random-edits.js';
import {createReceiver} from '../support/webhook-receiver.js';
import {
  createWebhookWorld,
  respond,
  type WebhookWorld,
  type WebhookWorldOptions,
} from '../support/webhook-world.js';
import {getRuns} from '../support/runs.js';

const HOUR_MS = 3_600_000;
const SEEDS = getRuns('SEEDS', 40);

/** Expects all of the room's history, in order, none of it twice. */
const expectAll = (
  events: StoreUpdatedEvent[],
  {epoch, offset}: {epoch: string; offset: number},
): void => {
  let last = 0;
  for (const {data} of events) {
    expect([data.epoch, data.fromOffset]).toEqual([epoch, last]);
    expect(data.toOffset).toBeGreaterThan(last);
    last = data.toOffset;
  }
  expect(last).toBe(offset);
};

/** Expects that an id always means the same, and that none comes back. */
const expectStable = ({attempts}: WebhookWorld): void => {
  const byId = new Map<string, string>();
  let lastId = '';
  for (const {id, event} of attempts) {
    const {fromOffset, toOffset} = event.data;
    const range = `${fromOffset}-${toOffset} ${event.timestamp}`;
    expect(byId.get(id) ?? range).toBe(range);
    expect(!byId.has(id) || id == lastId).toBe(true);
    byId.set(id, range);
    lastId = id;
  }
};

const createScene = (options: WebhookWorldOptions) => {
  const receiver = createReceiver();
  const world = createWebhookWorld({
    ...options,
    receiver: async (request, {id}) =>
      world.attempts.length % 3 == 2
        ? respond(500)
        : await receiver.handle(request).then((answer) => {
            expect(answer.status, id).toBe(204);
            return answer;
          }),
  });
  return {world, receiver};
};

describe('a crash', () => {
  const COMMITS = 3;

  /** Commits, and dies at that write of all; answers how many there were. */
  const run = async (
    lastWrite: number,
    {losesAlarm, throttleMs}: {losesAlarm: boolean; throttleMs: number},
  ) => {
    const {world, receiver} = createScene({
      webhooks: {include: 'changes', throttleMs},
    });
    world.restart({lastWrite});
    let writes = 0;
    for (let n = 0; n < COMMITS; n++) {
      await world.commit();
      await world.commit();
      await world.advance(n == 1 ? 300 : HOUR_MS);
      writes = Math.max(writes, world.life.writeCount);
      if (world.life.isOver) {
        world.restart({losesAlarm});
        if (losesAlarm) {
          await world.room.getContent();
        }
        await world.advance(HOUR_MS);
        // By its alarm alone: nobody has come.
        const {epoch, offset} = await world.getPosition();
        if (epoch) {
          expectAll(receiver.events, {epoch, offset});
        }
      }
    }
    await world.advance(HOUR_MS);
    expectAll(receiver.events, await world.getPosition());
    expectStable(world);
    return writes;
  };

  test.each([
    {by: 'the alarm alone', losesAlarm: false, throttleMs: 1_000},
    {by: 'the alarm alone', losesAlarm: false, throttleMs: 0},
    {by: 'somebody who comes', losesAlarm: true, throttleMs: 1_000},
    {by: 'somebody who comes', losesAlarm: true, throttleMs: 0},
  ])(
    'W17: at any write is made good by $by, with a throttle of $throttleMs ms',
    async (options) => {
      const writes = await run(Infinity, options);
      expect(writes).toBeGreaterThan(15);
      for (let write = 1; write <= writes; write++) {
        await run(write, options);
      }
    },
  );
});

describe('a receiver', () => {
  test.each(Array.from({length: SEEDS}, (_, index) => index + 1))(
    'W10, W12, W17: has all in order, with failures and crashes of seed %d',
    async (seed) => {
      const random = createRandomInteger(seed);
      const receiver = createReceiver();
      let isChaotic = true;
      const throttleMs = random(3) * 700;
      const world = createWebhookWorld({
        webhooks: {
          throttleMs,
          include: (['none', 'changes', 'content'] as const)[random(3)]!,
        },
        random: () => random(1_000) / 1_000,
        receiver: async (request) => {
          const choice = isChaotic ? random(10) : 0;
          switch (choice) {
            case 6:
              return respond(500 + random(5));
            case 7:
              return await new Promise(() => {});
            case 8:
              throw new TypeError('fetch failed');
            case 9:
              // Handled, but the answer is lost.
              await receiver.handle(request);
              return respond(502);
            default:
              return random(8) || !isChaotic
                ? await receiver.handle(request)
                : respond(307, {Location: 'https://elsewhere.example/'});
          }
        },
      });
      for (let step = 0; step < 40; step++) {
        const count = random(4);
        for (let n = 0; n < count; n++) {
          await world.commit();
        }
        await world.advance(random(4) ? random(3_000) : random(60_000));
        if (world.life.isOver || !random(8)) {
          world.restart({
            losesAlarm: !random(3),
            ...(random(2) ? {lastWrite: 1 + random(30)} : {}),
          });
        }
      }
      isChaotic = false;
      world.restart();
      await world.commit();
      await world.advance(3 * HOUR_MS);
      expectAll(receiver.events, await world.getPosition());
      expectStable(world);
      expect(receiver.errors).toEqual([]);
    },
  );
});
