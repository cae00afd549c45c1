import {createHash} from 'node:crypto';
import {serialize} from 'node:v8';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {Changes, Content} from '../../src/protocol/changes.js';
import {applyToContent} from '../../src/protocol/content.js';
import type {Head} from '../../src/server/storage/head.js';
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
import {
  appendChanges,
  compact,
  createLog,
  getKeys,
  measureStorage,
  openLog,
} from '../support/room-logs.js';

const append = (log: RoomLog, values: {[id: string]: any}): Promise<void> =>
  appendChanges(log, [{}, values]);

/** Rows that fill some segments, and Values that do. */
const createLarge = (): Content => [
  {
    t: Object.fromEntries(
      Array.from({length: 6_000}, (_, row) => [
        `row${row}`,
        {text: 'x'.repeat(90), row},
      ]),
    ),
  },
  {v: 'y'.repeat(150_000), w: 'z'.repeat(100_000), x: 0},
];

/** Commits that outgrow a snapshot of that. */
const outgrow = async (log: RoomLog, expected: Content): Promise<void> => {
  for (let i = 0; i < 10; i++) {
    const changes: any = [
      {
        t: Object.fromEntries(
          Array.from({length: 700}, (_, row) => [
            `row${(row * 7 + i) % 5_000}`,
            row % 9 ? {text: `${i} `.repeat(20), row: -row} : '\uFFFC',
          ]),
        ),
        [`new${i % 3}`]: {r: {c: i}},
      },
      {x: i, v: `${i}`.repeat(20_000)},
      1,
    ];
    applyToContent(expected, changes);
    await appendChanges(log, changes, {[`client${i}`]: [i + 1]});
  }
  expect(log.getCompactionNeed()).toBe('due');
};

/** What is stored when a log has outgrown its snapshot. */
const createOutgrown = async (): Promise<{
  entries: [key: string, value: unknown][];
  expected: string;
}> => {
  const storage = createMemoryStorage([['app', 1]]);
  const expected = createLarge();
  await outgrow(await createLog(storage, createLarge()), expected);
  return {entries: storage.getEntries(), expected: canonicalize(expected)};
};

/** Tells whether storage has changed; comparing it all takes long. */
const hash = (storage: MemoryStorage): string =>
  createHash('sha256').update(serialize(storage.getEntries())).digest('hex');

/** Whether nothing is there but what the head speaks of. */
const isTidy = (storage: MemoryStorage, log: RoomLog): boolean =>
  log.getCompactionNeed() == 'none' &&
  new Set(
    getKeys(storage)
      .filter((key) => key.includes(':s:'))
      .map((key) => key.split(':')[2]),
  ).size == 1;

describe('the compaction of a log', () => {
  test('S2: is due where the log is longer than the snapshot', async () => {
    const log = await createLog(createMemoryStorage());
    await append(log, {v: 'x'.repeat(40_000)});
    expect(log.getCompactionNeed()).toBe('none');
    await append(log, {v: 'x'.repeat(40_000)});
    expect(log.getCompactionNeed()).toBe('due');

    const large = await createLog(createMemoryStorage(), [
      {},
      {large: 'x'.repeat(100_000)},
    ]);
    await append(large, {v: 'x'.repeat(90_000)});
    expect(large.getCompactionNeed()).toBe('none');
    await append(large, {v: 'x'.repeat(20_000)});
    expect(large.getCompactionNeed()).toBe('due');
  });

  test('S2: is due also after it was opened again', async () => {
    const storage = createMemoryStorage();
    const log = await createLog(storage);
    await append(log, {v: 'x'.repeat(40_000)});
    const again = await openLog(storage);
    expect(again.getCompactionNeed()).toBe('none');
    await append(again, {v: 'x'.repeat(40_000)});
    expect(again.getCompactionNeed()).toBe('due');
    expect((await openLog(storage)).getCompactionNeed()).toBe('due');
  });

  test.each<[what: string, changes: any]>([
    ['a Table', [{t: '\uFFFC'}, {}, 1]],
    [
      'most Rows',
      [
        {
          t: Object.fromEntries(
            Array.from({length: 700}, (_, row) => [`row${row}`, '\uFFFC']),
          ),
        },
        {},
        1,
      ],
    ],
    [
      'what is in most Cells',
      [
        {
          t: Object.fromEntries(
            Array.from({length: 700}, (_, row) => [`row${row}`, {c: ''}]),
          ),
        },
        {},
        1,
      ],
    ],
    ['one long Value among short ones', [{}, {long: ''}, 1]],
    ['one long Row among short ones', [{short: {long: '\uFFFC'}}, {}, 1]],
  ])('S2: is due where %s is gone', async (what, changes) => {
    const isOneLong = what.startsWith('one');
    const content: Content = [
      {
        t: Object.fromEntries(
          Array.from({length: isOneLong ? 1 : 1_000}, (_, row) => [
            `row${row}`,
            {c: 'x'.repeat(1_000)},
          ]),
        ),
        short: Object.fromEntries(
          Array.from({length: 2_000}, (_, row) => [`row${row}`, {c: row}]),
        ),
      },
      {short: 1},
    ];
    if (what.includes('Value')) {
      content[1].long = 'x'.repeat(1_000_000);
    } else if (isOneLong) {
      (content[0].short as any).long = {c: 'x'.repeat(1_000_000)};
    }
    const storage = createMemoryStorage();
    await createLog(storage, content);
    const log = await openLog(storage);
    await append(log, {short: 2});
    expect(log.getCompactionNeed()).toBe('none');
    await appendChanges(log, changes);
    expect(log.getCompactionNeed()).toBe('due');
    expect((await openLog(storage)).getCompactionNeed()).toBe('due');
    await compact(log);
    expect(log.getCompactionNeed()).toBe('none');
    expect(measureStorage(storage, ':s:')).toBeLessThan(500_000);
  });

  test('S2: is due again where what it took in is gone meanwhile', async () => {
    const storage = createMemoryStorage();
    const log = await createLog(storage, [{}, {kept: 1}]);
    await appendChanges(log, [
      {
        t: Object.fromEntries(
          [...Array(300).keys()].map((i) => [i, {c: 'x'.repeat(1_000)}]),
        ),
      },
      {},
    ]);
    let steps = 0;
    for await (const _ of log.compact()) {
      // Before the new snapshot lands, which still has it all.
      if (!steps++) {
        await appendChanges(log, [{t: '\uFFFC'} as any, {}]);
      }
    }
    expect(steps).toBeGreaterThan(2);
    expect(measureStorage(storage, ':s:')).toBeGreaterThan(300_000);
    for (const one of [log, await openLog(storage)]) {
      expect(one.getCompactionNeed()).toBe('due');
    }
    await compact(await openLog(storage));
    expect(measureStorage(storage, ':s:')).toBeLessThan(1_000);
  });

  test('S2: takes in so much of a long log at once, and the rest the next time', async () => {
    const storage = createMemoryStorage();
    const log = await createLog(storage);
    const content: Content = [{}, {}];
    for (let i = 0; i < 12; i++) {
      content[1][`v${i}`] = `${i % 10}`.repeat(2_000_000);
      await append(log, {[`v${i}`]: content[1][`v${i}`]});
      expect(log.getCompactionNeed()).toBe(i < 7 ? 'due' : 'urgent');
    }
    await compact(log);
    expect(measureStorage(storage, ':s:')).toBeGreaterThan(16_000_000);
    expect(measureStorage(storage, ':s:')).toBeLessThan(19_000_000);
    const again = await openLog(storage);
    for (const one of [log, again]) {
      expect(one.offset).toBe(13);
      expect(await one.readContent()).toEqual(content);
    }
    await append(again, {v0: 'y'.repeat(12_000_000)});
    await compact(again);
    content[1].v0 = 'y'.repeat(12_000_000);
    expect(isTidy(storage, again)).toBe(true);
    expect(await (await openLog(storage)).readContent()).toEqual(content);
  });

  test('S2: does not hurry for what is deleted', async () => {
    const log = await createLog(createMemoryStorage(), [
      {t: {r: {c: 'x'.repeat(12_000_000)}}},
      {},
    ]);
    await appendChanges(log, [{t: '\uFFFC'} as any, {}]);
    expect(log.getCompactionNeed()).toBe('due');
  });

  test('S2: is not due by changes of what is as long', async () => {
    const log = await createLog(createMemoryStorage(), createLarge());
    for (let i = 0; i < 300; i++) {
      await appendChanges(log, [
        {t: {[`row${i}`]: {text: 'y'.repeat(80), row: i}}},
        {x: i},
      ]);
    }
    expect(log.getCompactionNeed()).toBe('none');
  });

  test('S2: replaces the snapshot, and keeps who was answered', async () => {
    const {entries, expected} = await createOutgrown();
    const storage = createMemoryStorage(entries);
    const log = await openLog(storage);
    const clients = await log.readClients();
    await compact(log);
    expect(isTidy(storage, log)).toBe(true);
    expect(getKeys(storage)).toContain('app');
    for (const one of [log, await openLog(storage)]) {
      expect(one.offset).toBe(11);
      expect(canonicalize(await one.readContent())).toBe(expected);
      expect(
        canonicalize(
          JSON.parse(new TextDecoder().decode(await one.readBytes())),
        ),
      ).toBe(expected);
      expect(await one.readClients()).toEqual(clients);
    }
  });

  test('S2: may end after any step, and is done the next time', async () => {
    const {entries, expected} = await createOutgrown();
    const whole = await compact(await openLog(createMemoryStorage(entries)));
    expect(whole).toBeGreaterThan(5);
    for (let steps = 1; steps <= whole; steps++) {
      const storage = createMemoryStorage(entries);
      await compact(await openLog(storage), steps);
      const again = await openLog(storage);
      expect(canonicalize(await again.readContent())).toBe(expected);
      await compact(again, steps);
      const third = await openLog(storage);
      await compact(third);
      expect(isTidy(storage, third)).toBe(true);
      expect(canonicalize(await third.readContent())).toBe(expected);
      expect((await third.readClients()).size).toBe(10);
    }
  }, 120_000);

  test('S2: is in steps of a few values, between which commits go on', async () => {
    const {entries, expected} = await createOutgrown();
    const storage = createMemoryStorage(entries);
    const log = await openLog(storage);
    const content: Content = JSON.parse(expected);
    storage.takePuts();
    let steps = 0;
    for await (const _ of log.compact()) {
      expect(storage.takePuts().length).toBeLessThanOrEqual(3);
      const changes: Changes = [
        {t: {[`row${steps}`]: {text: 'meanwhile'}}, meanwhile: {r: {c: steps}}},
        {[`value${steps}`]: 1},
        1,
      ];
      applyToContent(content, changes);
      await appendChanges(log, changes as unknown as Content);
      storage.takePuts();
      expect(canonicalize(await log.readContent())).toBe(canonicalize(content));
      expect(await log.readSince(log.offset - 1)).toHaveLength(1);
      expect((await log.readClients()).size).toBe(10);
      steps++;
    }
    const again = await openLog(storage);
    expect(again.offset).toBe(11 + steps);
    expect(canonicalize(await again.readContent())).toBe(canonicalize(content));
    expect(await again.readSince(11)).toHaveLength(steps);
  });

  test('S2: what is read while it lands is read again', async () => {
    const {entries, expected} = await createOutgrown();
    const storage = createMemoryStorage(entries);
    let isReading = false;
    const log = new RoomLog(
      {
        ...storage,
        list: async (options) => {
          const page = await storage.list(options);
          if (isReading) {
            // All that comes after this page is gone then.
            isReading = false;
            await compact(log);
          }
          return page;
        },
      },
      '',
    );
    await log.open(() => '');
    isReading = true;
    expect(canonicalize(await log.readContent())).toBe(expected);
    expect(isReading).toBe(false);
  });

  test('S2: writes nothing once the log is closed', async () => {
    const {entries} = await createOutgrown();
    const whole = await compact(await openLog(createMemoryStorage(entries)));
    for (let steps = 1; steps < whole; steps++) {
      const storage = createMemoryStorage(entries);
      const log = await openLog(storage);
      let count = 0;
      let closed: unknown;
      for await (const _ of log.compact()) {
        if (++count == steps) {
          log.close();
          closed = hash(storage);
        }
      }
      expect(hash(storage)).toBe(closed);
    }
  });

  test('S2: gives way at each segment also once the log is closed', async () => {
    const {entries} = await createOutgrown();
    const storage = createMemoryStorage(entries);
    const log = await openLog(storage);
    let isWriting = false;
    let steps = 0;
    let readAfter = 0;
    storage.takePuts();
    for await (const _ of log.compact()) {
      if (isWriting) {
        steps++;
      } else if (storage.takePuts().length) {
        // Closed while the first segment of several is written.
        isWriting = true;
        log.close();
        readAfter = getKeys(storage).filter((key) => /:s:1:/.test(key)).length;
      }
    }
    expect(readAfter).toBeGreaterThan(5);
    expect(steps).toBeGreaterThanOrEqual(2);
  });

  test('S2: fails where storage does, and leaves all as it is', async () => {
    const {entries, expected} = await createOutgrown();
    const storage = createMemoryStorage(entries);
    const before = hash(storage);
    const log = new RoomLog(
      {...storage, put: () => Promise.reject(new Error('The disk is full'))},
      '',
    );
    await log.open(() => '');
    await expect(compact(log)).rejects.toThrow('full');
    expect(hash(storage)).toBe(before);
    expect(canonicalize(await log.readContent())).toBe(expected);
  });

  test('S3: keeps as much of the log as is asked, by bytes', async () => {
    const storage = createMemoryStorage();
    const limits = {maxCatchUpBytes: 100_000};
    const log = await createLog(storage, [{}, {}], {limits});
    for (let i = 0; i < 300 || log.getCompactionNeed() == 'none'; i++) {
      await compact(log);
      const clients = log.needsClients() ? await log.readClients() : undefined;
      const text = JSON.stringify([[{}, {v: `${i}`.padEnd(1_000)}, 1]]);
      const offset = log.offset + 1;
      await log.append({offset, list: [], text, answers: new Map()}, clients);
    }
    await compact(log);
    expect(measureStorage(storage, ':l:')).toBeGreaterThan(95_000);
    expect(measureStorage(storage, ':l:')).toBeLessThan(105_000);
    const again = await openLog(storage, {limits});
    for (const one of [log, again]) {
      expect(await one.readSince(one.offset)).toEqual([]);
      expect(await one.readSince(one.offset - 40)).toHaveLength(40);
    }
    const {offset: tail} = ((await storage.get('#tbpk:head')) as Head).tail;
    expect(await again.readSince(tail)).toHaveLength(again.offset - tail);
    expect(await again.readSince(tail - 1)).toBe(undefined);
  });

  test('S3: one commit more than that leaves nothing to catch up with', async () => {
    const storage = createMemoryStorage();
    const limits = {maxCatchUpBytes: 50_000};
    const log = await createLog(storage, [{}, {}], {limits});
    await append(log, {v: 'x'.repeat(70_000)});
    await log.append(
      {offset: 3, list: [], text: '[]', answers: new Map()},
      new Map(),
    );
    await compact(log);
    expect((await log.readSince(1)) === undefined).toBe(true);
    expect(await log.readSince(2)).toHaveLength(1);
    await append(log, {w: 1});
    expect(await log.readSince(2)).toHaveLength(2);
  });

  test('S3: does not reach back further than reading is worth', async () => {
    const storage = createMemoryStorage();
    const log = await createLog(storage);
    for (let i = 0; i < 7; i++) {
      await append(log, {v: 'x'.repeat(190_000)});
    }
    expect(await log.readSince(1)).toBe(undefined);
    expect(await log.readSince(log.offset - 1)).toHaveLength(1);
  });

  test('S4: is the content, however it was cut and compacted', async () => {
    type Step = 'compact' | 'open' | Changes;
    await fc.assert(
      fc.asyncProperty(
        arbitraryContent,
        fc.array(
          fc.oneof<fc.Arbitrary<Step>[]>(
            {weight: 5, arbitrary: arbitraryChanges} as any,
            fc.constant<Step>('compact'),
            fc.constant<Step>('open'),
          ),
          {maxLength: 12},
        ),
        async (content, steps) => {
          const storage = createMemoryStorage();
          const expected = structuredClone(content);
          let log = await createLog(storage, content);
          for (const step of steps) {
            if (step == 'open') {
              log = await openLog(storage);
            } else if (step == 'compact') {
              // A Value that makes it due, and is gone again.
              await append(log, {'to make it due': 'x'.repeat(70_000)});
              await append(log, {'to make it due': '\uFFFC'});
              await compact(log);
            } else {
              applyToContent(expected, step);
              await appendChanges(log, step as unknown as Content);
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
