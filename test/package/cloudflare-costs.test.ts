/**
 * What docs/deploy.md says of a change's price: `COUNT=100000` for its figures,
 * `CELLS=10` for changes of ten Cells.
 */
import {serialize} from 'node:v8';
import {expect, test} from 'vitest';
import {createMemoryRoom} from '../support/memory-room.js';
import {createMemoryStorage} from '../support/memory-storage.js';

const COUNT = Number(process.env.COUNT ?? 2_000);
const CELLS = Number(process.env.CELLS ?? 1);

const ROWS = 1_000;
const CELLS_A_ROW = 10;
const ROWS_A_PUSH = 100;
/** What KV-backed storage is billed by. */
const UNIT_BYTES = 4_096;
/** With as few changes as by default, what is kept to catch up is little, too. */
const MAX_CATCH_UP_BYTES = COUNT < 20_000 ? 50 * COUNT : undefined;

const measureUnits = (entries: Iterable<[string, unknown]>): number => {
  let bytes = 0;
  for (const [key, value] of entries) {
    bytes += Buffer.byteLength(key) + serialize(value).length;
  }
  return Math.ceil(bytes / UNIT_BYTES);
};

/** Storage that counts as Cloudflare bills it. */
const createBilledStorage = () => {
  const storage = createMemoryStorage();
  const {get, list, put, delete: remove} = storage;
  const bill = {keysWritten: 0, unitsWritten: 0, keysDeleted: 0, unitsRead: 0};
  Object.assign(storage, {
    get: async (key: string) => {
      const value = await get(key);
      bill.unitsRead += measureUnits([[key, value]]);
      return value;
    },
    list: async (options: Parameters<typeof list>[0]) => {
      const found = await list(options);
      bill.unitsRead += Math.max(1, measureUnits(found));
      return found;
    },
    put: (keyOrEntries: any, value?: unknown) => {
      const entries: [string, unknown][] =
        typeof keyOrEntries == 'string'
          ? [[keyOrEntries, value]]
          : Object.entries(keyOrEntries);
      bill.keysWritten += entries.length;
      for (const entry of entries) {
        bill.unitsWritten += measureUnits([entry]);
      }
      return put(keyOrEntries, value);
    },
    delete: (keys: string | string[]) => {
      bill.keysDeleted += typeof keys == 'string' ? 1 : keys.length;
      return remove(keys);
    },
  });
  return {
    storage,
    takeBill: () => {
      const taken = {...bill};
      Object.assign(bill, {
        keysWritten: 0,
        unitsWritten: 0,
        keysDeleted: 0,
        unitsRead: 0,
      });
      return taken;
    },
  };
};

const createRow = (index: number, cells: number): object =>
  Object.fromEntries(
    Array.from({length: cells}, (_, cell) => [
      `cell${cell}`,
      `${index} of ${cell}`,
    ]),
  );

test('a change is one key, which others share in the end', async () => {
  const {storage, takeBill} = createBilledStorage();
  const room = createMemoryRoom({
    storage,
    limits: {maxCatchUpBytes: MAX_CATCH_UP_BYTES!},
  });
  const writer = room.connect();
  await writer.greet();
  let mutationId = 0;
  for (let start = 0; start < ROWS; start += ROWS_A_PUSH) {
    const rows = Array.from({length: ROWS_A_PUSH}, (_, index) => [
      `row${start + index}`,
      createRow(start + index, CELLS_A_ROW),
    ]);
    await writer.push(++mutationId, {items: Object.fromEntries(rows)});
  }
  takeBill();

  for (let index = 0; index < COUNT; index++) {
    const rowId = `row${(index * 7_919) % ROWS}`;
    await writer.push(++mutationId, {
      items: {[rowId]: createRow(ROWS + index, CELLS)},
    });
    // Time enough for a compaction that is due.
    room.advance(60_000);
    writer.take();
  }
  const bill = takeBill();
  if (process.env.COUNT) {
    console.log(bill);
  }
  expect(bill.keysWritten).toBeGreaterThanOrEqual(COUNT);
  expect(bill.keysWritten).toBeLessThan(1.05 * COUNT);
  expect(bill.unitsWritten).toBeLessThan(1.2 * COUNT);
  expect(bill.unitsRead).toBeLessThan(0.5 * COUNT);
  expect(bill.keysDeleted).toBeGreaterThan(0);
  expect(bill.keysDeleted).toBeLessThan(0.1 * COUNT);
}, 300_000);
