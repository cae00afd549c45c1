/** The suite for sinks passes a sound one, and finds what is wrong with others. */
import {describe, expect, test} from 'vitest';
import {
  type SinkCase,
  type SinkStorage,
  sinkContract,
} from '../../src/mirror/contract/index.js';
import {BREAKAGES, createMemoryStorage} from './contract-memory-sink.js';

/** The names of the cases that fail. */
const findFailures = async (cases: SinkCase[]): Promise<string[]> => {
  const failures = [];
  for (const {name, run} of cases) {
    try {
      await run();
    } catch {
      failures.push(name);
    }
  }
  return failures;
};

describe('a sink in memory', () => {
  for (const {name, run} of sinkContract(() => createMemoryStorage())) {
    test(name, run);
  }
});

describe('a sink whose read gives no content', () => {
  const createStorage = (): SinkStorage => {
    const storage = createMemoryStorage();
    return {
      ...storage,
      createSink: async () => {
        const sink = await storage.createSink();
        return {
          ...sink,
          read: async (room) => {
            const {epoch, offset} = (await sink.read(room)) ?? {};
            return epoch === undefined ? undefined : {epoch, offset: offset!};
          },
        };
      },
    };
  };

  test('passes', async () => {
    const cases = sinkContract(createStorage, {cells: 1_000});
    expect(await findFailures(cases)).toEqual([]);
  });

  test('is checked by what its storage reads', async () => {
    const cases = sinkContract(
      () => ({...createStorage(), readContent: () => [{}, {wrong: 1}]}),
      {cells: 1_000},
    );
    expect(await findFailures(cases)).toContain('writes a new room');
  });
});

describe('a sink that is broken', () => {
  for (const [what, [breakage, finds]] of Object.entries(BREAKAGES)) {
    test(what, async () => {
      const cases = sinkContract(() => createMemoryStorage(breakage), {
        seed: 1,
      }).filter(({name}) => finds.includes(name));
      expect(await findFailures(cases)).toHaveLength(finds.length);
    });
  }
});

test('the random batches are the same for the same seed', () => {
  const names = sinkContract(() => createMemoryStorage(), {seed: 42}).map(
    ({name}) => name,
  );
  expect(names).toContain('writes 150 random batches (SEED=42)');
  expect(new Set(names).size).toBe(names.length);
});

test('sinks are closed and the storage is removed, also after a failure', async () => {
  const calls: string[] = [];
  const [first] = sinkContract(() => ({
    createSink: () => ({
      read: async () => ({epoch: 'none', offset: 1}),
      write: async () => true,
      listRooms: async () => [],
      open: async () => void calls.push('open'),
      close: async () => void calls.push('close'),
    }),
    remove: () => void calls.push('remove'),
  }));
  await expect(first!.run()).rejects.toThrow();
  expect(calls).toEqual(['open', 'close', 'remove']);
});
