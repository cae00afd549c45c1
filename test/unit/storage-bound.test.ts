/** How much a room stores, whatever its history; and how much it writes for it. */
import {describe, expect, test} from 'vitest';
import type {Changes, Content} from '../../src/protocol/changes.js';
import {applyToContent} from '../../src/protocol/content.js';
import type {RoomLog} from '../../src/server/storage/room-log.js';
import {
  createMemoryStorage,
  type MemoryStorage,
} from '../support/memory-storage.js';
import {createRandomInteger} from '../support/random-edits.js';
import {compact, createLog, measureStorage} from '../support/room-logs.js';
import {getRuns} from '../support/runs.js';

const SEED = +(process.env.SEED ?? 1);
/** More with `HISTORIES=100`, others with `SEED=2`. */
const HISTORIES = getRuns('HISTORIES', 2);
const STEPS = 150;
const MAX_CATCH_UP_BYTES = 200_000;
/** What a write is billed by, on storage that bills bytes. */
const UNIT_BYTES = 4_096;
const COMMITS = 3_000;
const DELETED = '\uFFFC';

type Random = (below: number) => number;

/** Cells of a length that is typical of a Table, few of them very long. */
const createCell = (random: Random, tableId: string): string => {
  const length = random(300) ? 40 * (Number(tableId.slice(1)) + 1) : 100_000;
  return (random(5) ? 'x' : 'é').repeat(random(length));
};

const createRow = (random: Random, tableId: string): any =>
  Object.fromEntries(
    Array.from({length: 1 + random(6)}, (_, cell) => [
      `c${cell}`,
      createCell(random, tableId),
    ]),
  );

/** One of many kinds of commit: a room grows, goes on as it is, or shrinks. */
const createChanges = (
  random: Random,
  content: Content,
  kind: number,
): Changes => {
  const tableId = `t${random(4)}`;
  const rowIds = Object.keys(content[0][tableId] ?? {});
  const pickRowIds = (count: number) =>
    Array.from(
      {length: Math.min(count, rowIds.length)},
      () => rowIds[random(rowIds.length)]!,
    );
  const changeRows = (rows: [string, any][]): Changes => [
    {[tableId]: Object.fromEntries(rows)},
    {},
    1,
  ];
  switch (kind) {
    case 0:
      return changeRows(
        Array.from({length: 1 + random(600)}, () => [
          `r${random(5_000)}`,
          createRow(random, tableId),
        ]),
      );
    case 1:
      return [{[tableId]: DELETED}, {}, 1];
    case 2:
      return changeRows(
        pickRowIds(rowIds.length).map((rowId) => [rowId, DELETED]),
      );
    case 3:
      return changeRows(
        rowIds.map((rowId) => [rowId, {c0: '', c1: DELETED, c2: 0}]),
      );
    case 4:
      return [{}, {[`v${random(9)}`]: 'v'.repeat(random(400_000))}, 1];
    case 5:
      return [{}, {[`v${random(9)}`]: random(2) ? '' : DELETED}, 1];
    default:
      return changeRows(
        pickRowIds(1 + random(5)).map((rowId) => [
          rowId,
          {[`c${random(6)}`]: createCell(random, tableId)},
        ]),
      );
  }
};

const measureContent = (content: Content): number =>
  Buffer.byteLength(JSON.stringify(content));

const append = async (log: RoomLog, changes: Changes): Promise<void> => {
  const clients = log.needsClients() ? await log.readClients() : undefined;
  const list = JSON.parse(JSON.stringify([changes]));
  await log.append(
    {
      offset: log.offset + 1,
      list,
      text: JSON.stringify(list),
      answers: new Map([['client', [log.offset]]]),
    },
    clients,
  );
};

const expectBound = (
  storage: MemoryStorage,
  contentBytes: number,
  when: string,
): void =>
  expect(measureStorage(storage), `seed ${SEED}, ${when}`).toBeLessThan(
    3 * contentBytes + MAX_CATCH_UP_BYTES + 200_000,
  );

describe('what a room stores', () => {
  test.each(Array.from({length: HISTORIES}, (_, history) => history))(
    'S8: is less than three times its content, history %i',
    async (history) => {
      const random = createRandomInteger(SEED * 1_000 + history);
      const storage = createMemoryStorage();
      const content: Content = [{}, {}];
      const limits = {maxCatchUpBytes: MAX_CATCH_UP_BYTES};
      const log = await createLog(storage, [{}, {}], {limits});
      let most = 0;
      for (let step = 0; step < STEPS; step++) {
        // Long times in which it grows, is as it is, or shrinks.
        const phase = Math.floor(step / 25) % 3;
        const kind = [random(3) && 6, 6, random(8)][phase]!;
        const changes = createChanges(random, content, kind);
        const before = measureContent(content);
        applyToContent(content, structuredClone(changes));
        await append(log, changes);
        const now = measureContent(content);
        // A commit that takes away has been stored beside what it takes.
        most = Math.max(now, before);
        for await (const _ of log.compact()) {
          expectBound(storage, most, `step ${step}, compacting`);
        }
        expectBound(storage, now, `step ${step}, kind ${kind}`);
      }
      expect(measureContent(await log.readContent())).toBe(
        measureContent(content),
      );
    },
  );

  test('S8: is billed as a few times what is pushed, however much that is', async () => {
    const storage = createMemoryStorage();
    let units = 0;
    const counting: MemoryStorage = {
      ...storage,
      put: (entries: any) => {
        for (const [key, value] of Object.entries<any>(entries)) {
          units += Math.ceil((key.length + (value.length ?? 200)) / UNIT_BYTES);
        }
        return storage.put(entries);
      },
    };
    const log = await createLog(counting);
    const random = createRandomInteger(SEED);
    let pushed = 0;
    for (let step = 0; step < COMMITS; step++) {
      const changes: Changes = [
        {t: {[`r${random(3_000)}`]: {c: 'x'.repeat(random(2_000))}}},
        {},
        1,
      ];
      pushed += JSON.stringify(changes).length;
      await append(log, changes);
      await compact(log);
    }
    expect(pushed).toBeGreaterThan(2_000_000);
    // One for each commit at least; and this includes the snapshots.
    expect(units).toBeLessThan(COMMITS + (2 * pushed) / UNIT_BYTES);
  });
});
