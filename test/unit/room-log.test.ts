import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {Changes, Content} from '../../src/protocol/changes.js';
import {applyToContent} from '../../src/protocol/content.js';
import {MAX_CLIENTS} from '../../src/protocol/limits.js';
import {RoomLog} from '../../src/server/storage/room-log.js';
import {
  arbitraryChanges,
  arbitraryContent,
} from '../support/arbitrary-changes.js';
import {canonicalize} from '../support/content.js';
import {
  createMemoryStorage,
  type MemoryStorage,
} from '../support/memory-storage.js';

const open = async (storage: MemoryStorage, prefix = ''): Promise<RoomLog> => {
  const log = new RoomLog(storage, prefix);
  await log.open(() => 'epoch');
  return log;
};

/** A log that begins with this content, at offset 1. */
const create = async (
  storage: MemoryStorage,
  content: Content = [{}, {}],
  prefix = '',
): Promise<RoomLog> => {
  const log = await open(storage, prefix);
  log.epoch = 'epoch';
  log.offset = 1;
  await log.snapshot(JSON.stringify(content), new Map());
  return log;
};

const append = (
  log: RoomLog,
  values: object,
  clients: object = {},
): Promise<void> =>
  log.append(log.offset + 1, JSON.stringify([[{}, values, 1]]), clients as any);

const getKeys = (storage: MemoryStorage): string[] =>
  storage.getEntries().map(([key]) => key);

describe('the log of a room', () => {
  test('is empty where nothing was stored', async () => {
    const log = await open(createMemoryStorage([['app', 1]]));
    expect([log.epoch, log.offset]).toEqual(['', 0]);
    expect(log.needsSnapshot()).toBe(false);
    expect(await log.readClients()).toEqual(new Map());
  });

  test('is where it was when it is opened again', async () => {
    const storage = createMemoryStorage();
    const log = await create(storage, [{t: {r: {c: 1}}}, {v: 1}]);
    await append(log, {v: 2}, {client: [1]});
    await log.append(5, '[[{"t":{"r":{"d":3}}},{},1]]', {client: [2, 2]});
    const again = await open(storage);
    expect([again.epoch, again.offset]).toEqual(['epoch', 5]);
    expect(await again.readContent()).toEqual([{t: {r: {c: 1, d: 3}}}, {v: 2}]);
    expect((await again.readClients()).get('client')![0]).toBe(2);
  });

  test('S1: is one key a commit', async () => {
    const storage = createMemoryStorage();
    const log = await create(storage);
    const before = getKeys(storage);
    storage.takePuts();
    await append(
      log,
      Object.fromEntries(Array.from({length: 500}, (_, id) => [id, id])),
    );
    expect(storage.takePuts()).toHaveLength(1);
    expect(getKeys(storage)).toHaveLength(before.length + 1);
  });

  test('S1: cuts an entry that fits no value', async () => {
    const storage = createMemoryStorage();
    const log = await create(storage);
    const values = {v: '€'.repeat(200_000)};
    await append(log, values);
    await append(log, {w: 1});
    expect(storage.takePuts().length).toBeGreaterThan(4);
    const again = await open(storage);
    expect(again.offset).toBe(3);
    expect(await again.readContent()).toEqual([{}, {...values, w: 1}]);
    expect(await again.readSince(2)).toEqual([[[{}, {w: 1}, 1]]]);
    expect(await again.readSince(1)).toHaveLength(2);
  });

  test('S1: cuts an entry also where it is the newest', async () => {
    const storage = createMemoryStorage();
    const values = {v: 'x'.repeat(2_000_000)};
    await append(await create(storage), values);
    const again = await open(storage);
    expect(again.offset).toBe(2);
    expect(await again.readContent()).toEqual([{}, values]);
    expect(again.needsSnapshot()).toBe(true);
  });

  test.each([1_000, 64_900, 65_100, 100_000, 129_900, 131_000, 400_000])(
    'S1: is opened whatever piece its newest entry ends with: %d units',
    async (length) => {
      const storage = createMemoryStorage();
      const log = await create(storage);
      await append(log, {long: 'x'.repeat(length)});
      const again = await open(storage);
      expect(again.offset).toBe(2);
      await append(again, {short: 1});
      expect((await open(storage)).offset).toBe(3);
      expect(await again.readContent()).toEqual([
        {},
        {long: 'x'.repeat(length), short: 1},
      ]);
      expect(again.needsSnapshot()).toBe(length > 64_000);
    },
  );

  test('S2: asks for a snapshot where it is longer than that', async () => {
    const log = await create(createMemoryStorage());
    await append(log, {v: 'x'.repeat(40_000)});
    expect(log.needsSnapshot()).toBe(false);
    await append(log, {v: 'x'.repeat(40_000)});
    expect(log.needsSnapshot()).toBe(true);

    const large = await create(createMemoryStorage(), [
      {},
      {large: 'x'.repeat(100_000)},
    ]);
    await append(large, {v: 'x'.repeat(90_000)});
    expect(large.needsSnapshot()).toBe(false);
    await append(large, {v: 'x'.repeat(20_000)});
    expect(large.needsSnapshot()).toBe(true);
  });

  test('S2: asks for it also after it was opened again', async () => {
    const storage = createMemoryStorage();
    const log = await create(storage);
    await append(log, {v: 'x'.repeat(40_000)});
    const again = await open(storage);
    expect(again.needsSnapshot()).toBe(false);
    await append(again, {v: 'x'.repeat(40_000)});
    expect(again.needsSnapshot()).toBe(true);
    expect((await open(storage)).needsSnapshot()).toBe(true);
  });

  test('S2: a new snapshot replaces the old one', async () => {
    const storage = createMemoryStorage([['app', 1]]);
    const log = await create(storage, [{}, {v: 'x'.repeat(200_000)}]);
    await append(log, {v: 1}, {client: [7]});
    await log.snapshot('[{},{"v":1}]', await log.readClients());
    expect(log.needsSnapshot()).toBe(false);
    expect(getKeys(storage).filter((key) => /:[sc]:/.test(key))).toHaveLength(
      2,
    );
    expect(getKeys(storage)).toContain('app');
    const again = await open(storage);
    expect(again.offset).toBe(2);
    expect(await again.readContent()).toEqual([{}, {v: 1}]);
    expect((await again.readClients()).get('client')).toEqual([7]);
  });

  test('S2: lands as a whole, or not at all', async () => {
    const storage = createMemoryStorage();
    const log = await create(storage);
    await append(log, {v: 1});
    const before = storage.getEntries();
    const failing = new RoomLog(
      {
        ...storage,
        put: () => Promise.reject(new Error('The disk is full')),
        delete: () => Promise.reject(new Error('The disk is full')),
      },
      '',
    );
    await failing.open(() => '');
    await expect(failing.snapshot('[{},{"v":1}]', new Map())).rejects.toThrow(
      'full',
    );
    expect(storage.getEntries()).toEqual(before);
  });

  test('S3: stays back to the snapshot before', async () => {
    const storage = createMemoryStorage();
    const log = await create(storage);
    const takeSnapshot = async () =>
      await log.snapshot(JSON.stringify(await log.readContent()), new Map());
    await append(log, {a: 2});
    await append(log, {b: 3});
    await takeSnapshot();
    await append(log, {c: 4});
    expect(await log.readSince(1)).toHaveLength(3);
    expect(await log.readSince(4)).toEqual([]);
    await takeSnapshot();
    expect(await log.readSince(1)).toBe(undefined);
    expect(await log.readSince(2)).toBe(undefined);
    expect(await log.readSince(3)).toEqual([[[{}, {c: 4}, 1]]]);
    const again = await open(storage);
    expect(await again.readSince(2)).toBe(undefined);
    expect(await again.readSince(3)).toHaveLength(1);
  });

  test('S3: does not stay where it is too long', async () => {
    const storage = createMemoryStorage();
    const log = await create(storage);
    for (let i = 0; i < 6; i++) {
      await append(log, {v: 'x'.repeat(190_000)});
    }
    expect(await log.readSince(1)).toBe(undefined);
    expect(await log.readSince(log.offset - 1)).toHaveLength(1);
    await log.snapshot('[{},{}]', new Map());
    expect(getKeys(storage).some((key) => key.includes(':l:'))).toBe(false);
  });

  test('remembers the latest of many clients', async () => {
    const storage = createMemoryStorage();
    const log = await create(storage);
    const clients = new Map(
      Array.from({length: MAX_CLIENTS + 5}, (_, id) => [`client${id}`, [id]]),
    );
    await log.snapshot('[{},{}]', clients as any);
    const read = await (await open(storage)).readClients();
    expect(read.size).toBe(MAX_CLIENTS);
    expect(read.has('client4')).toBe(false);
    expect(read.get(`client${MAX_CLIENTS + 4}`)).toEqual([MAX_CLIENTS + 4]);
  });

  test('S6: is beside other rooms of another prefix', async () => {
    const storage = createMemoryStorage();
    await create(storage, [{}, {a: 1}], 'a');
    await create(storage, [{}, {none: 1}], '');
    expect(await (await open(storage, 'a')).readContent()).toEqual([
      {},
      {a: 1},
    ]);
    expect(await (await open(storage)).readContent()).toEqual([{}, {none: 1}]);
    expect((await open(storage, 'b')).epoch).toBe('');
  });

  test('T2: keeps clients and Cells called __proto__', async () => {
    const storage = createMemoryStorage();
    const log = await create(storage);
    await log.append(
      2,
      '[[{"__proto__":{"r":{"__proto__":1}}},{"__proto__":2},1]]',
      JSON.parse('{"__proto__":[1]}'),
    );
    const again = await open(storage);
    expect(JSON.stringify(await again.readContent())).toBe(
      '[{"__proto__":{"r":{"__proto__":1}}},{"__proto__":2}]',
    );
    expect((await again.readClients()).get('__proto__')).toEqual([1]);
  });

  test('S4: is the content, however it was cut and compacted', async () => {
    type Step = 'snapshot' | 'open' | Changes;
    await fc.assert(
      fc.asyncProperty(
        arbitraryContent,
        fc.array(
          fc.oneof<fc.Arbitrary<Step>[]>(
            {weight: 5, arbitrary: arbitraryChanges} as any,
            fc.constant<Step>('snapshot'),
            fc.constant<Step>('open'),
          ),
          {maxLength: 12},
        ),
        async (content, steps) => {
          const storage = createMemoryStorage();
          const expected = structuredClone(content);
          let log = await create(storage, content);
          for (const step of steps) {
            if (step == 'open') {
              log = await open(storage);
            } else if (step == 'snapshot') {
              await log.snapshot(JSON.stringify(expected), new Map());
            } else {
              applyToContent(expected, step);
              await log.append(log.offset + 1, JSON.stringify([step]), {});
            }
            expect(canonicalize(await log.readContent())).toBe(
              canonicalize(expected),
            );
          }
        },
      ),
      {numRuns: 200},
    );
  });
});
