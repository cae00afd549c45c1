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
    /** Where it ends, itself not included. */
    end?: string;
    limit?: number;
    reverse?: boolean;
  }): Promise<Map<string, unknown>>;
  put(entries: {[key: string]: unknown}): Promise<void>;
  delete(keys: string[]): Promise<unknown>;
}

/** Most keys in one call. */
const MAX_KEYS = 128;
const MAX_VALUE_BYTES = 131_072;

/** Most keys of a page, whose values are then in memory together. */
const MAX_PAGE_SIZE = 512;
/** How much of them that is about, if nobody says otherwise. */
export const PAGE_BYTES = 4_000_000;

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

export type ReadOptions = {
  /** Reads on after this key. */
  startAfter?: string | undefined;
  /** How much a page is about. */
  pageBytes?: number;
};

const measureValue = (value: unknown): number =>
  (value as {length?: number} | null)?.length ?? 0;

/** Reads the entries with a prefix, so much at a time, in their order. */
export async function* readPages(
  storage: KeyValueStorage,
  prefix: string,
  {startAfter, pageBytes = PAGE_BYTES}: ReadOptions = {},
): AsyncGenerator<[key: string, value: unknown][]> {
  let limit = Math.max(1, Math.floor(pageBytes / MAX_VALUE_BYTES));
  let after = startAfter;
  for (;;) {
    const page = await storage.list({
      prefix,
      ...(after === undefined ? {} : {startAfter: after}),
      limit,
    });
    const entries = [...page];
    if (entries.length) {
      yield entries;
    }
    if (entries.length < limit) {
      return;
    }
    [after] = entries.at(-1)!;
    const bytes = entries.reduce(
      (sum, [key, value]) => sum + key.length + measureValue(value),
      0,
    );
    // As many as fit if they are like these.
    const fitting = Math.floor((pageBytes * entries.length) / bytes);
    limit = Math.max(1, Math.min(fitting, MAX_PAGE_SIZE));
  }
}

/** Reads the entries with a prefix one by one. */
export async function* readKeys(
  storage: KeyValueStorage,
  prefix: string,
  options?: ReadOptions,
): AsyncGenerator<[key: string, value: unknown]> {
  for await (const page of readPages(storage, prefix, options)) {
    yield* page;
  }
}
