import {describe, expect, test} from 'vitest';
import {
  readKeys,
  readPages,
  writeKeys,
} from '../../src/server/storage/key-value-storage.js';
import {createMemoryStorage} from '../support/memory-storage.js';

const createEntries = (count: number, prefix = 'key:'): [string, number][] =>
  Array.from({length: count}, (_, index) => [
    prefix + `${index}`.padStart(5, '0'),
    index,
  ]);

const collect = async (
  entries: AsyncIterable<[string, unknown]>,
): Promise<[string, unknown][]> => {
  const all: [string, unknown][] = [];
  for await (const entry of entries) {
    all.push(entry);
  }
  return all;
};

describe('storage', () => {
  test.each([0, 1, 511, 512, 513, 1024, 1500])(
    'is read in pages: %i keys',
    async (count) => {
      const storage = createMemoryStorage([
        ['kex', 0],
        ...createEntries(count),
        ['kez', 0],
      ]);
      expect(await collect(readKeys(storage, 'key:'))).toEqual(
        createEntries(count),
      );
    },
  );

  test('is read after a key, be it there or not', async () => {
    const storage = createMemoryStorage(createEntries(600));
    const [[first]] = createEntries(1) as [[string, number]];
    expect(
      await collect(readKeys(storage, 'key:', {startAfter: first})),
    ).toEqual(createEntries(600).slice(1));
    expect(
      await collect(readKeys(storage, 'key:', {startAfter: 'key:00549x'})),
    ).toEqual(createEntries(600).slice(550));
    expect(
      await collect(readKeys(storage, 'key:', {startAfter: 'key:~'})),
    ).toEqual([]);
  });

  test('is read in pages of about so many bytes', async () => {
    const storage = createMemoryStorage(
      Array.from({length: 700}, (_, index) => [
        `key:${1_000 + index}`,
        'x'.repeat(index < 100 ? 100_000 : 100),
      ]),
    );
    const sizes: number[] = [];
    let count = 0;
    for await (const page of readPages(storage, 'key:', {pageBytes: 500_000})) {
      sizes.push(
        page.reduce((sum, [, value]) => sum + (value as string).length, 0),
      );
      count += page.length;
    }
    expect(count).toBe(700);
    expect(Math.max(...sizes)).toBeLessThan(600_000);
    // Small values: as many as there are, after a page that tells.
    expect(sizes.length).toBeLessThan(30);
  });

  test('is written in calls of as many keys as the platform takes', async () => {
    const storage = createMemoryStorage(createEntries(300, 'old:'));
    const keys = createEntries(300, 'old:').map(([key]) => key);
    await writeKeys(storage, createEntries(300), keys);
    expect(storage.getEntries()).toEqual(createEntries(300));
  });

  test('fails as a whole call where a value is too large', async () => {
    const storage = createMemoryStorage();
    await expect(
      writeKeys(storage, [
        ['a', 1],
        ['b', 'x'.repeat(140_000)],
      ]),
    ).rejects.toThrow(RangeError);
    expect(storage.getEntries()).toEqual([]);
  });
});
