/** Storage in memory that counts what Cloudflare would bill. */
import {serialize} from 'node:v8';
import {createMemoryStorage} from '../../test/support/memory-storage.js';
import {UNIT_BYTES} from '../prices.js';

/** Most keys in one call. */
const MAX_KEYS = 128;

/** In rows, as SQLite-backed objects are billed, and in units, as others are. */
export type Usage = {
  rowsRead: number;
  rowsWritten: number;
  readUnits: number;
  writeUnits: number;
  deletes: number;
};

const measure = (key: string, value: unknown): number =>
  Buffer.byteLength(key) + serialize(value).length;

const countUnits = (bytes: number): number =>
  Math.max(1, Math.ceil(bytes / UNIT_BYTES));

const createUsage = (): Usage => ({
  rowsRead: 0,
  rowsWritten: 0,
  readUnits: 0,
  writeUnits: 0,
  deletes: 0,
});

export const createCountedStorage = () => {
  const storage = createMemoryStorage();
  let usage = createUsage();

  const counted: typeof storage = {
    ...storage,
    get: async (key) => {
      const value = await storage.get(key);
      usage.rowsRead += value === undefined ? 0 : 1;
      usage.readUnits +=
        value === undefined ? 1 : countUnits(measure(key, value));
      return value;
    },
    list: async (options) => {
      const entries = await storage.list(options);
      usage.rowsRead += entries.size;
      usage.readUnits += countUnits(
        [...entries].reduce((sum, entry) => sum + measure(...entry), 0),
      );
      return entries;
    },
    put: async (keyOrEntries: any, value?: unknown) => {
      const entries: [string, unknown][] =
        typeof keyOrEntries == 'string'
          ? [[keyOrEntries, value]]
          : Object.entries(keyOrEntries);
      for (const entry of entries) {
        usage.rowsWritten++;
        usage.writeUnits += countUnits(measure(...entry));
      }
      // TinyBase's own puts any number at once, which `partykit dev` lets it.
      for (let i = 0; i < entries.length; i += MAX_KEYS) {
        await storage.put(Object.fromEntries(entries.slice(i, i + MAX_KEYS)));
      }
    },
    delete: async (keys) => {
      const count = typeof keys == 'string' ? 1 : keys.length;
      const deleted = Number(await storage.delete(keys));
      // A row is found before it is deleted.
      usage.rowsRead += deleted;
      usage.rowsWritten += deleted;
      usage.deletes += count;
      return deleted;
    },
  };

  return {
    storage: counted,
    /** Grows with each operation. */
    countOperations: (): number =>
      usage.readUnits + usage.writeUnits + usage.deletes,

    /** What was used since this was called last. */
    takeUsage: (): Usage => {
      const taken = usage;
      usage = createUsage();
      return taken;
    },
  };
};
