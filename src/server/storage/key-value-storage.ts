/**
 * What the room asks of its storage: the part of Durable Object storage that
 * it uses. Calls to `put` and `delete` with no `await` between them take effect
 * together or not at all, and their promises resolve when that is durable.
 * `put` and `delete` are given at most 128 keys, `put` values of at most
 * 128 KiB.
 */
export interface KeyValueStorage {
  get(key: string): Promise<unknown>;
  list(options: {
    prefix: string;
    startAfter?: string;
    limit?: number;
    reverse?: boolean;
  }): Promise<Map<string, unknown>>;
  put(entries: {[key: string]: unknown}): Promise<void>;
  delete(keys: string[]): Promise<unknown>;
}

/** Most keys in one call. */
const MAX_KEYS = 128;
const PAGE_SIZE = 512;

/** Puts and deletes any number of keys, together. */
export const writeKeys = (
  storage: KeyValueStorage,
  puts: [key: string, value: unknown][],
  deletes: string[] = [],
): Promise<unknown> => {
  const calls: Promise<unknown>[] = [];
  for (let i = 0; i < puts.length; i += MAX_KEYS) {
    calls.push(storage.put(Object.fromEntries(puts.slice(i, i + MAX_KEYS))));
  }
  for (let i = 0; i < deletes.length; i += MAX_KEYS) {
    calls.push(storage.delete(deletes.slice(i, i + MAX_KEYS)));
  }
  return Promise.all(calls);
};

/** Reads the entries with a prefix, after a key if given, page by page. */
export async function* readKeys(
  storage: KeyValueStorage,
  prefix: string,
  startAfter?: string,
  pageSize = PAGE_SIZE,
): AsyncGenerator<[key: string, value: unknown]> {
  for (;;) {
    const page: Map<string, unknown> = await storage.list({
      prefix,
      ...(startAfter === undefined ? {} : {startAfter}),
      limit: pageSize,
    });
    let last = startAfter;
    for (const entry of page) {
      if (startAfter === undefined || entry[0] > startAfter) {
        last = entry[0];
        yield entry;
      }
    }
    if (page.size < pageSize || last === startAfter) {
      return;
    }
    startAfter = last;
  }
}
