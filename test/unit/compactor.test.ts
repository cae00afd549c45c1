/** When a compaction begins, and how it takes turns with who pushes. */
import {describe, expect, test} from 'vitest';
import {COMPACTION_DELAY_MS} from '../../src/protocol/limits.js';
import {Compactor} from '../../src/server/compactor.js';
import type {CompactionNeed} from '../../src/server/storage/compaction.js';

/** One whose steps take 7 ms each, by a clock that stands still else. */
const createScene = (need: CompactionNeed, steps = 3) => {
  const scene = {
    need,
    now: 0,
    resets: 0,
    taken: 0,
    alone: 0,
    failures: [] as [unknown, number][],
    failAt: Infinity,
    delays: [] as number[],
    timers: [] as (() => void)[],
    /** Lets what waits go on; answers whether anything did. */
    advance: async (): Promise<boolean> => {
      const timer = scene.timers.shift();
      timer?.();
      for (let i = 0; i < 10; i++) {
        await Promise.resolve();
      }
      return !!timer;
    },
    compactor: undefined as unknown as Compactor,
  };
  scene.compactor = new Compactor(
    {
      now: () => scene.now,
      schedule: (run, delayMs = 0) => {
        scene.delays.push(delayMs);
        scene.timers.push(run);
        return () => {
          scene.timers = scene.timers.filter((timer) => timer !== run);
        };
      },
    },
    {
      getNeed: () => scene.need,
      compact: async function* () {
        for (let step = 1; step <= steps; step++) {
          scene.now += 7;
          scene.taken++;
          if (step == scene.failAt) {
            throw new Error('The disk is full');
          }
          yield step == 2 ? 'alone' : undefined;
        }
        scene.need = 'none';
      },
      runAlone: (run) => {
        scene.alone++;
        return run();
      },
      getResets: () => scene.resets,
      onFailure: async (error, resets) => {
        scene.failures.push([error, resets]);
        scene.need = 'none';
      },
    },
  );
  return scene;
};

describe('a compactor', () => {
  test('S2: does nothing where nothing is to be done', async () => {
    const scene = createScene('none');
    await scene.compactor.compact();
    expect(scene.timers).toEqual([]);
    expect(scene.taken).toBe(0);
  });

  test('S2: waits, and rests as long as each step took', async () => {
    const scene = createScene('due');
    void scene.compactor.compact();
    // Another commit makes no second one of it.
    void scene.compactor.compact();
    while (await scene.advance()) {
      // One after the other.
    }
    expect(scene.taken).toBe(3);
    expect(scene.alone).toBe(1);
    expect(scene.delays).toEqual([COMPACTION_DELAY_MS, 7, 7, 7, 0]);
  });

  test('S2: begins at once, and rests no longer, where the log is long', async () => {
    const scene = createScene('due');
    void scene.compactor.compact();
    scene.need = 'urgent';
    void scene.compactor.compact();
    expect(scene.timers).toEqual([]);
    await scene.advance();
    while (await scene.advance()) {
      // One after the other.
    }
    expect(scene.taken).toBe(3);
    expect(scene.delays).toEqual([COMPACTION_DELAY_MS, 0, 0, 0, 0]);

    const other = createScene('urgent');
    void other.compactor.compact();
    await other.advance();
    expect(other.taken).toBe(1);
    expect(other.delays).toEqual([0]);
  });

  test('S2: ends where the room has started anew, and can begin again', async () => {
    const scene = createScene('due');
    void scene.compactor.compact();
    await scene.advance();
    expect(scene.taken).toBe(1);
    scene.resets++;
    await scene.advance();
    expect(scene.taken).toBe(1);
    // It is due still.
    expect(scene.delays).toEqual([COMPACTION_DELAY_MS, 7, COMPACTION_DELAY_MS]);
    while (await scene.advance()) {
      // One after the other.
    }
    expect(scene.taken).toBe(4);
  });

  test('S2: says where a step has failed, and in which life of the room', async () => {
    const scene = createScene('due');
    scene.resets = 5;
    scene.failAt = 2;
    void scene.compactor.compact();
    while (await scene.advance()) {
      // One after the other.
    }
    expect(scene.failures).toEqual([[new Error('The disk is full'), 5]]);
    expect(scene.taken).toBe(2);
  });
});
