/** Commits that share a key of the log. */
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {Head} from '../../src/server/storage/head.js';
import type {RoomLog} from '../../src/server/storage/room-log.js';
import {
  createMemoryStorage,
  type MemoryStorage,
} from '../support/memory-storage.js';
import {
  appendChanges,
  compact,
  createLog,
  getKeys,
  measureStorage,
  openLog,
} from '../support/room-logs.js';

const MAX_PAGE_BYTES = 4_000;
const BOUNDS = {maxCount: Infinity, maxBytes: Infinity};

const append = (log: RoomLog, text: string): Promise<void> =>
  appendChanges(log, [{}, {[`v${log.offset + 1}`]: text}]);

const getPages = (storage: MemoryStorage): string[] =>
  getKeys(storage).filter((key) => key.includes(':l:'));

/** The offsets that a log has after one. */
const readOffsets = async (
  log: RoomLog,
  after: number,
): Promise<number[] | undefined> =>
  (await log.readCommits(after, BOUNDS))?.map(({offset}) => offset);

const getRange = (first: number, last: number): number[] =>
  Array.from({length: last - first + 1}, (_, index) => first + index);

describe('a page of the log', () => {
  test('S1: holds the short commits of a time, one put each', async () => {
    const storage = createMemoryStorage();
    const log = await createLog(storage);
    storage.takePuts();
    for (let i = 0; i < 200; i++) {
      await append(log, 'short');
    }
    expect(storage.takePuts()).toHaveLength(200);
    const pages = getPages(storage);
    expect(pages.length).toBeLessThan(200 / 20);
    for (const page of pages) {
      expect(measureStorage(storage, page)).toBeLessThanOrEqual(MAX_PAGE_BYTES);
    }
    expect(await readOffsets(log, 1)).toEqual(getRange(2, 201));
  });

  test('S1: is no longer than one is billed for, whatever is in it', async () => {
    for (const unit of ['x', 'é', '€', '😀']) {
      const storage = createMemoryStorage();
      const log = await createLog(storage);
      for (let i = 0; i < 20; i++) {
        await append(log, unit.repeat(700 / unit.length));
      }
      for (const page of getPages(storage)) {
        expect(measureStorage(storage, page)).toBeLessThanOrEqual(
          MAX_PAGE_BYTES,
        );
      }
      expect(await (await openLog(storage)).readContent()).toEqual(
        await log.readContent(),
      );
      expect(await readOffsets(log, 1)).toEqual(getRange(2, 21));
    }
  });

  test('S1: has a long commit for itself', async () => {
    const storage = createMemoryStorage();
    const log = await createLog(storage);
    for (const length of [10, 3_990, 10, 10, 300_000, 10, 10]) {
      await append(log, 'x'.repeat(length));
    }
    const keys = getPages(storage).map((key) => key.slice('#tbpk:l:'.length));
    expect(keys.map((key) => parseInt(key))).toEqual([2, 3, 4, 6, 6, 6, 7]);
    for (const after of getRange(1, 8)) {
      expect(await readOffsets(log, after)).toEqual(getRange(after + 1, 8));
    }
  });

  test('S1: goes on where a room has slept, and where it was an entry', async () => {
    const storage = createMemoryStorage();
    let log = await createLog(storage);
    for (let i = 0; i < 10; i++) {
      await append(log, `${i}`);
      log = await openLog(storage);
      expect(log.offset).toBe(i + 2);
    }
    expect(getPages(storage)).toHaveLength(1);
    expect(await readOffsets(log, 4)).toEqual(getRange(5, 11));
  });

  test('S1: takes more while the pages before are read, and none is missed', async () => {
    const storage = createMemoryStorage();
    let onList = async () => {};
    const log = await createLog({
      ...storage,
      list: async (options) => {
        const page = await storage.list(options);
        await onList();
        return page;
      },
    });
    for (let i = 0; i < 20; i++) {
      await append(log, 'x'.repeat(300));
    }
    const {offset} = log;
    // Each time that something was read the newest page fills, and another begins.
    onList = async () => {
      for (let i = 0; i < 15 && log.offset < 500; i++) {
        await append(log, 'x'.repeat(300));
      }
    };
    expect(await log.readCommits(1, {...BOUNDS, maxBytes: 1_000})).toBeTruthy();
    const began = log.offset;
    expect(began).toBeGreaterThan(offset);
    expect(await readOffsets(log, 1)).toEqual(getRange(2, began));
    const values = Object.keys((await log.readContent())[1]).map((id) =>
      Number(id.slice(1)),
    );
    expect(values).toEqual(getRange(2, values.length + 1));
  });

  test('S2: stays while one of its commits is wanted', async () => {
    const storage = createMemoryStorage();
    const limits = {maxCatchUpBytes: 0};
    let log = await createLog(storage, [{}, {}], {limits});
    const values: {[id: string]: string} = {};
    const add = async (text: string) => {
      values[`v${log.offset + 1}`] = text;
      await append(log, text);
    };
    await add('x'.repeat(70_000));
    await add('before');
    await add('before');
    for await (const _ of log.compact()) {
      // In the page of those, and not in the snapshot.
      await add('meanwhile');
      if (log.offset == 10) {
        break;
      }
    }
    log = await openLog(storage, {limits});
    await add('after');
    await compact(log);
    await add('after that');
    for (const one of [log, await openLog(storage, {limits})]) {
      expect((await one.readContent())[1]).toEqual(values);
    }
  });

  test('S2: is never taken away under a commit that comes meanwhile', async () => {
    const storage = createMemoryStorage();
    const limits = {maxCatchUpBytes: 0};
    const log = await createLog(storage, [{}, {}], {limits});
    // Many keys, which are not all deleted at once, and a page that has room.
    for (let i = 0; i < 240; i++) {
      await append(log, i % 2 ? 'short' : 'x'.repeat(3_990));
    }
    let added = 0;
    for await (const _ of log.compact()) {
      const [, values] = await (await openLog(storage)).readContent();
      expect(Object.keys(values)).toHaveLength(240 + added);
      const {leftovers} = (await storage.get('#tbpk:head')) as Head;
      if (leftovers) {
        await append(log, 'meanwhile');
        added++;
      }
    }
    expect(added).toBeGreaterThan(2);
  });

  test('S2: is let go of as a whole, and the log is empty then', async () => {
    const storage = createMemoryStorage();
    const limits = {maxCatchUpBytes: 0};
    const log = await createLog(storage, [{}, {}], {limits});
    for (let i = 0; i < 50; i++) {
      await append(log, 'x'.repeat(1_500));
      await append(log, 'short');
    }
    await compact(log);
    expect(getPages(storage)).toEqual([]);
    await append(log, 'another');
    expect((await (await openLog(storage)).readContent())[1]).toMatchObject({
      v101: 'short',
      v102: 'another',
    });
  });

  test('S2, S4: has all that was committed, whenever it is compacted or cut off', async () => {
    type Step = {bytes: number} | {steps: number} | 'open';
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            {
              weight: 4,
              arbitrary: fc.record({
                bytes: fc.constantFrom(1, 20, 1_500, 3_900, 5_000, 70_000),
              }),
            },
            fc.record({steps: fc.constantFrom(1, 2, 3, 4, 6, 9, Infinity)}),
            fc.constant<Step>('open'),
          ) as fc.Arbitrary<Step>,
          {maxLength: 40},
        ),
        fc.constantFrom(0, 3_000, 100_000),
        async (steps, maxCatchUpBytes) => {
          const storage = createMemoryStorage();
          const limits = {maxCatchUpBytes};
          let log = await createLog(storage, [{}, {}], {limits});
          const values: {[id: string]: string} = {};
          for (const step of steps) {
            if (typeof step == 'string') {
              log = await openLog(storage, {limits});
            } else if ('steps' in step) {
              await compact(log, step.steps);
            } else {
              const text = 'x'.repeat(step.bytes);
              values[`v${log.offset + 1}`] = text;
              await append(log, text);
            }
            const {offset} = log;
            for (const one of [log, await openLog(storage, {limits})]) {
              expect((await one.readContent())[1]).toEqual(values);
              for (const after of [offset - 5, offset - 1, offset]) {
                const offsets = await readOffsets(one, after);
                expect(offsets ?? []).toEqual(
                  offsets ? getRange(after + 1, offset) : [],
                );
              }
            }
          }
        },
      ),
      {numRuns: 60},
    );
  });
});
