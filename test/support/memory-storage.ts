import {serialize} from 'node:v8';
import type {KeyValueStorage} from '../../src/server/storage/key-value-storage.js';

const MAX_KEYS = 128;
const MAX_KEY_BYTES = 2_048;
const MAX_VALUE_BYTES = 131_072;

export interface MemoryStorage extends KeyValueStorage {
  /** What is stored, in the order of the keys. */
  getEntries(): [key: string, value: unknown][];
  /** Every key that was put since this was called last. */
  takePuts(): string[];
  get(key: string): Promise<any>;
  put(key: string, value: unknown): Promise<void>;
  put(entries: {[key: string]: unknown}): Promise<void>;
  delete(keys: string[] | string): Promise<any>;
}

/**
 * Creates a Durable Object's storage in memory, with the platform's limits. A
 * call takes effect at once, and as a whole or not at all.
 */
export const createMemoryStorage = (
  initial: Iterable<[key: string, value: unknown]> = [],
): MemoryStorage => {
  const values = new Map<string, unknown>(structuredClone([...initial]));
  const puts: string[] = [];

  const getSortedKeys = (): string[] =>
    [...values.keys()].sort((a, b) =>
      Buffer.compare(Buffer.from(a), Buffer.from(b)),
    );

  const checkKeys = (keys: string[]): void => {
    if (keys.length > MAX_KEYS) {
      throw new RangeError(
        `${keys.length} keys in a call: ${MAX_KEYS} at most`,
      );
    }
    const long = keys.find((key) => Buffer.byteLength(key) > MAX_KEY_BYTES);
    if (long !== undefined) {
      throw new RangeError(`A key of more than ${MAX_KEY_BYTES} bytes`);
    }
  };

  return {
    getEntries: () =>
      getSortedKeys().map((key) => [key, structuredClone(values.get(key))]),

    takePuts: () => puts.splice(0),

    get: async (key) => {
      checkKeys([key]);
      return structuredClone(values.get(key));
    },

    list: async (options) => {
      const {prefix, startAfter, end, limit, reverse} = options ?? {};
      const keys = getSortedKeys().filter(
        (key) =>
          (prefix === undefined || key.startsWith(prefix)) &&
          (startAfter === undefined ||
            Buffer.compare(Buffer.from(key), Buffer.from(startAfter)) > 0) &&
          (end === undefined ||
            Buffer.compare(Buffer.from(key), Buffer.from(end)) < 0),
      );
      return new Map(
        (reverse ? keys.reverse() : keys)
          .slice(0, limit)
          .map((key) => [key, structuredClone(values.get(key))]),
      );
    },

    put: async (keyOrEntries: any, value?: unknown) => {
      const entries: [string, unknown][] =
        typeof keyOrEntries == 'string'
          ? [[keyOrEntries, value]]
          : Object.entries(keyOrEntries);
      checkKeys(entries.map(([key]) => key));
      for (const [key, entry] of entries) {
        if (entry === undefined) {
          throw new TypeError(`put(${key}) called with undefined`);
        }
        const bytes = serialize(entry).length;
        if (bytes > MAX_VALUE_BYTES) {
          throw new RangeError(`${key} has ${bytes} bytes: over the limit`);
        }
      }
      for (const [key, entry] of entries) {
        values.set(key, structuredClone(entry));
        puts.push(key);
      }
    },

    delete: async (keyOrKeys) => {
      const keys = typeof keyOrKeys == 'string' ? [keyOrKeys] : keyOrKeys;
      checkKeys(keys);
      const count = keys.filter((key) => values.delete(key)).length;
      return typeof keyOrKeys == 'string' ? count > 0 : count;
    },
  };
};
