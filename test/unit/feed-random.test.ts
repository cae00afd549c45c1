/** Readers that come and go while a room is written to, fails and compacts. */
import {describe, expect, test} from 'vitest';
import type {EventStream} from '../support/event-stream.js';
import {createFeedRoom} from '../support/feed-room.js';
import {createFollowedStore, decodeThings} from '../support/followed-store.js';
import {createHeldStorage} from '../support/held-storage.js';
import {createRandomChanges} from '../support/random-changes.js';
import {createRandomInteger} from '../support/random-edits.js';
import {settle} from '../support/scripted-world.js';
import {getRuns} from '../support/runs.js';

/** Others: `SEED=1000 SEEDS=500 npx vitest run test/unit/feed-random.test.ts`. */
const SEED = Number(process.env.SEED ?? 1);
const SEEDS = getRuns('SEEDS', 20);
const STEPS = 250;
const READERS = 4;

const createReader = ({open}: ReturnType<typeof createFeedRoom>) => {
  const followed = createFollowedStore();
  let stream: EventStream | undefined;
  const take = () => stream?.take().forEach(followed.take);
  return {
    followed,
    take,
    /** Goes away, having read or not what it was sent last. */
    leave: async (hasRead: boolean): Promise<void> => {
      if (hasRead) {
        take();
      }
      await stream?.leave();
      stream = undefined;
    },
    /** Comes back where it has gone, or was sent away, if the room is well. */
    comeBack: async (): Promise<void> => {
      if (stream?.ended) {
        take();
        stream = undefined;
      }
      stream ??= await open(
        '',
        followed.lastId === undefined ? {} : {'Last-Event-ID': followed.lastId},
      ).catch(() => undefined);
    },
  };
};

const play = async (seed: number, needsStore: boolean) => {
  const random = createRandomInteger(seed);
  const storage = createHeldStorage();
  const scene = createFeedRoom({
    storage,
    needsStore,
    limits: {maxCatchUpBytes: 5_000},
  });
  const {room} = scene;
  const readers = Array.from({length: READERS}, () => createReader(scene));
  let fails = 0;
  for (let step = 1; step <= STEPS; step++) {
    const reader = readers[random(READERS)]!;
    switch (random(12)) {
      case 0:
        await reader.leave(random(2) == 0);
        break;
      case 1:
      case 2:
        await reader.comeBack();
        break;
      case 3:
        if (!random(4)) {
          fails++;
          storage.fail(new Error('The disk is full'));
        }
        break;
      case 4:
        room.advance(1_000);
        break;
      default: {
        const writes = Array.from({length: 1 + random(3)}, () =>
          room.room.apply(createRandomChanges(random, step)).catch(() => {}),
        );
        // Somebody may come in the midst of it.
        await Promise.all([
          ...writes,
          random(4) ? undefined : reader.comeBack(),
        ]);
      }
    }
    await settle();
    readers.forEach(({take}) => take());
  }
  await room.room.apply([{}, {end: seed}, 1]).catch(() => {});
  await room.room.apply([{}, {end: seed}, 1]);
  await Promise.all(readers.map(({comeBack}) => comeBack()));
  await settle();
  readers.forEach(({take}) => take());
  const {epoch, offset} = await room.getPosition();
  const content = decodeThings(await room.getContent());
  for (const {followed} of readers) {
    expect(followed.lastId).toBe(`${epoch}.${offset}`);
    expect(followed.store.getContent()).toEqual(content);
  }
  return {
    fails,
    reloads: readers.reduce((sum, {followed}) => sum + followed.reloads, 0),
    events: readers.reduce(
      (sum, {followed}) => sum + followed.ranges.length,
      0,
    ),
  };
};

describe.each([
  ['without a Store in memory', false],
  ['with one', true],
])('readers of a room %s', (_, needsStore) => {
  test(
    `V2, V3, V4, V5, V8: end with what it has, seeds from ${SEED}`,
    {timeout: 30_000 + 1_000 * SEEDS},
    async () => {
      const total = {fails: 0, reloads: 0, events: 0};
      for (let seed = SEED; seed < SEED + SEEDS; seed++) {
        const played = await play(seed, needsStore).catch((cause: unknown) => {
          throw new Error(`Seed ${seed}: ${String(cause)}`, {cause});
        });
        total.fails += played.fails;
        total.reloads += played.reloads;
        total.events += played.events;
      }
      // All of it has happened.
      expect(total.fails).toBeGreaterThan(0);
      expect(total.reloads).toBeGreaterThan(0);
      expect(total.events).toBeGreaterThan(100 * SEEDS);
    },
  );
});
