/** Webhooks of a room whose storage, alarm or platform is in trouble. */
import {describe, expect, test} from 'vitest';
import {
  createWebhookWorld,
  respond,
  type WebhookWorld,
} from '../support/webhook-world.js';

const MINUTE_MS = 60_000;

/** Has the alarm fail to be set so many times, from now on. */
const breakAlarm = ({life}: WebhookWorld, times: number): void => {
  const {setAlarm} = life.alarm;
  let left = times;
  life.alarm.setAlarm = (at) =>
    left-- > 0 ? Promise.reject(new Error('no alarm')) : setAlarm(at);
};

/** Has what is noted of webhooks fail to be stored, this time of all. */
const failToNote = ({life}: WebhookWorld, time: number): void => {
  const {put} = life.storage;
  let times = 0;
  life.storage.put = (entries: any) =>
    '#tbpk:webhooks' in entries && ++times == time
      ? Promise.reject(new Error('full'))
      : put(entries);
};

describe('an alarm that cannot be set', () => {
  test('W18: fails nobody who comes, and is set later', async () => {
    const world = createWebhookWorld();
    await world.commit();
    world.restart({losesAlarm: true});
    breakAlarm(world, 3);
    await world.commit();
    expect(await world.getPosition()).toMatchObject({offset: 2});
    await world.advance(MINUTE_MS);
    expect(world.getRanges()).toEqual(['0-2']);
    expect(world.errors.map(String)).toContain('Error: no alarm');
  });

  test('W17: for a commit is set later, though nobody comes', async () => {
    const world = createWebhookWorld();
    await world.commit();
    await world.advance(MINUTE_MS);
    breakAlarm(world, 2);
    await world.commit();
    await world.advance(MINUTE_MS);
    expect(world.getRanges()).toEqual(['0-1', '1-2']);
  });
});

describe('storage that fails', () => {
  test('W17: is tried again, however often the room commits', async () => {
    const world = createWebhookWorld();
    failToNote(world, 3);
    await world.commit();
    await world.advance(1_000);
    expect(world.errors.map(String)).toEqual(['Error: full']);
    for (let n = 0; n < 10; n++) {
      await world.commit();
      await world.advance(1_000);
    }
    expect(world.attempts.length).toBeGreaterThan(1);
  });
});

describe('a log that cannot be read', () => {
  test('W10: keeps only those waiting who are told of it', async () => {
    const world = createWebhookWorld({
      webhooks: [{id: 'changes', include: 'changes'}, {id: 'none'}],
    });
    await world.commit();
    const {list} = world.life.storage;
    world.life.storage.list = () => Promise.reject(new Error('unreadable'));
    await world.advance(MINUTE_MS);
    expect(world.getRanges()).toEqual(['0-1']);
    // Tried again after 5, 10, 20 s.
    expect(world.errors.map(String)).toEqual(
      Array.from({length: 4}, () => 'Error: unreadable'),
    );
    world.life.storage.list = list;
    await world.advance(MINUTE_MS);
    expect(world.getRanges()).toEqual(['0-1', '0-1']);
  });
});

describe('a platform that lets each alarm make 50 requests', () => {
  test('W14: is asked for no more, whatever waits for how many', async () => {
    const requests = new Map<number, number>();
    const world: WebhookWorld = createWebhookWorld({
      webhooks: Array.from({length: 10}, (_, index) => ({
        id: `${index}`,
        throttleMs: 0,
      })),
      receiver: () => {
        const count = (requests.get(world.ringCount) ?? 0) + 1;
        requests.set(world.ringCount, count);
        return respond();
      },
    });
    for (let n = 0; n < 12; n++) {
      await world.commit();
    }
    await world.advance(0);
    expect(world.attempts).toHaveLength(120);
    expect(Math.max(...requests.values())).toBeLessThan(50);
  });
});

describe('a room that forgets', () => {
  test('W18: does not ring for ever for what is not there any more', async () => {
    const world = createWebhookWorld({receiver: () => respond(500)});
    await world.commit();
    await world.advance(1_000);
    expect(world.alarm.at).not.toBe(null);
    // The app has deleted the Store's keys, but for this one.
    const keys = world.storage.getEntries().map(([key]) => key);
    await world.storage.delete(keys.filter((key) => key != '#tbpk:webhooks'));
    world.restart();
    const rings = world.ringCount;
    for (let n = 0; n < 5; n++) {
      if (world.alarm.at !== null) {
        world.setNow(world.alarm.at);
        await world.ring();
      }
    }
    expect(world.ringCount - rings).toBeLessThan(3);
    await world.commit();
    world.setReceiver(() => respond());
    await world.advance(MINUTE_MS);
    expect(world.getRanges().at(-1)).toBe('0-1');
  });
});

describe('a clock that was ahead', () => {
  test('W14: keeps nobody waiting for longer than an attempt may', async () => {
    const world = createWebhookWorld({receiver: () => respond(500)});
    await world.commit();
    await world.advance(1_000);
    const {storage} = world;
    const stored = await storage.get('#tbpk:webhooks');
    for (const cursor of Object.values<any>(stored.cursors)) {
      cursor.failing.nextAt += 365 * 86_400_000;
      cursor.failing.since += 365 * 86_400_000;
    }
    await storage.put({'#tbpk:webhooks': stored});
    world.setReceiver(() => respond());
    world.restart({losesAlarm: true});
    await world.room.getContent();
    await world.advance(86_400_000 + MINUTE_MS);
    expect(world.getRanges()).toEqual(['0-1', '0-1']);
  });
});

describe('a receiver that says more than it should', () => {
  test.each([200, 500])(
    'W14: is not listened to, with a %d',
    async (status) => {
      let isCancelled = false;
      const world = createWebhookWorld({
        receiver: () =>
          new Response(
            new ReadableStream({
              pull: (controller) =>
                controller.enqueue(new Uint8Array(1_000_000)),
              cancel: () => void (isCancelled = true),
            }),
            {status},
          ),
      });
      await world.commit();
      await world.advance(1_000);
      expect(world.attempts).toHaveLength(1);
      expect(isCancelled).toBe(true);
    },
  );
});
