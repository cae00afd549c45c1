/**
 * Durable Object storage: what is written without an `await` between lands
 * together, is durable a while later, and is lost in a crash before that.
 */
import {serialize} from 'node:v8';
import type {KeyValueStorage} from '../../src/server/storage/key-value-storage.js';
import type {Random} from './random.js';
import type {World} from './world.js';

export type Write = [key: string, value: unknown];

/** What storage tells of itself. */
export type StorageEvents = {
  onDurable(writes: Write[]): void;
  /** Before each thing that storage is asked, and does. */
  onOperation(name: string): void;
};

type Group = {
  writes: Write[];
  fails: boolean;
  settle: [resolve: () => void, reject: (error: unknown) => void][];
};

const MAX_VALUE_BYTES = 131_072;
const MAX_KEY_BYTES = 2_048;

const clone = (value: unknown): unknown =>
  typeof value == 'object' && value ? structuredClone(value) : value;

const apply = (to: Map<string, unknown>, [key, value]: Write): void => {
  value === undefined ? to.delete(key) : to.set(key, value);
};

/** What a room writes: entries, or what has to do with snapshots. */
const getKind = (writes: Write[]): string =>
  writes.every(([key, value]) => key.includes('#tbpk:l:') && value)
    ? 'entry'
    : 'snapshot';

const checkPut = (entries: {[key: string]: unknown}, maxKeys: number): void => {
  const keys = Object.keys(entries);
  if (keys.length > maxKeys) {
    throw new RangeError(`Maximum number of pairs is ${maxKeys}.`);
  }
  for (const key of keys) {
    const value = entries[key];
    if (value === undefined) {
      throw new TypeError('put() called with undefined value.');
    }
    if (Buffer.byteLength(key) > MAX_KEY_BYTES) {
      throw new RangeError('Keys cannot be larger than 2048 bytes.');
    }
    if (
      (typeof value != 'string' || value.length > 30_000) &&
      serialize(value).length > MAX_VALUE_BYTES
    ) {
      throw new RangeError('Values cannot be larger than 131072 bytes.');
    }
  }
};

export class FakeStorage {
  /** What a crash leaves. */
  durable = new Map<string, unknown>();
  #current = new Map<string, unknown>();
  #groups: Group[] = [];
  #life = 0;
  #reads = 0;
  readonly #random: Random;

  constructor(
    readonly world: World,
    name: string,
    readonly events: StorageEvents,
  ) {
    this.#random = world.random.of(`storage ${name}`);
  }

  get #maxKeys(): number {
    return this.world.profile.limits.MAX_KEYS!;
  }

  get isIdle(): boolean {
    return !this.#groups.length && !this.#reads;
  }

  /** Puts what has been there all along. */
  fill(entries: {[key: string]: unknown}): void {
    this.#current = new Map(Object.entries(entries));
    this.durable = new Map(this.#current);
  }

  /** Loses what is not durable, and leaves earlier handles without an answer. */
  crash(): void {
    this.#life++;
    this.#groups = [];
    this.#reads = 0;
    this.#current = new Map(this.durable);
  }

  open(): KeyValueStorage {
    const life = ++this.#life;
    let group: Group | undefined;
    const dead = () => life != this.#life;
    const never = () => new Promise<never>(() => {});

    const write = (writes: Write[]): Promise<void> => {
      this.events.onOperation(dead() ? '' : getKind(writes));
      if (dead()) {
        return never();
      }
      if (!group) {
        const {world} = this;
        const opened: Group = (group = {
          writes: [],
          fails: world.fault('storage fails', world.profile.storageFailures),
          settle: [],
        });
        this.#groups.push(opened);
        queueMicrotask(() => {
          group = undefined;
          const delayMs = this.#random.delay(world.profile.storageMs);
          const flush = () => {
            this.events.onOperation(
              dead() ? '' : `${getKind(opened.writes)} not durable`,
            );
            if (!dead()) {
              this.#flush(opened);
            }
          };
          world.clock.after(delayMs, flush, '');
        });
      }
      const {fails} = group;
      writes.forEach(([key, value]) => {
        const copy: Write = [key, clone(value)];
        group!.writes.push(copy);
        if (!fails) {
          apply(this.#current, copy);
        }
      });
      return this.world.profile.lyingStorage
        ? Promise.resolve()
        : new Promise((...settle) => group!.settle.push(settle));
    };

    const read = <Result>(get: () => Result): Promise<Result> => {
      this.events.onOperation(dead() ? '' : 'read');
      if (dead()) {
        return never();
      }
      const {clock, profile} = this.world;
      if (this.world.fault('read fails', profile.storageFailures / 4)) {
        return Promise.reject(new Error('Storage failed'));
      }
      const result = get();
      if (!profile.readMs) {
        return Promise.resolve(result);
      }
      this.#reads++;
      return new Promise((resolve) =>
        clock.after(this.#random.delay(profile.readMs), () => {
          if (!dead()) {
            this.#reads--;
            resolve(result);
          }
        }),
      );
    };

    return {
      get: (key) => read(() => clone(this.#current.get(key))),
      list: ({prefix, startAfter, end, limit = Infinity, reverse}) =>
        read(() => {
          const keys = [...this.#current.keys()]
            .filter(
              (key) =>
                key.startsWith(prefix) &&
                (startAfter === undefined || key > startAfter) &&
                (end === undefined || key < end),
            )
            .sort();
          return new Map(
            (reverse ? keys.reverse() : keys)
              .slice(0, limit)
              .map((key) => [key, clone(this.#current.get(key))]),
          );
        }),
      put: (entries) => {
        checkPut(entries, this.#maxKeys);
        return write(Object.entries(entries));
      },
      delete: (keys) => {
        if (keys.length > this.#maxKeys) {
          throw new RangeError(`Maximum number of keys is ${this.#maxKeys}.`);
        }
        return write(keys.map((key) => [key, undefined]));
      },
    };
  }

  /** Makes everything up to this group durable. */
  #flush(last: Group): void {
    while (this.#groups.includes(last)) {
      const group = this.#groups.shift()!;
      if (group.fails) {
        this.world.note('storage fails');
        group.settle.forEach(([, reject]) =>
          reject(new Error('Storage failed')),
        );
      } else {
        group.writes.forEach((write) => apply(this.durable, write));
        this.events.onDurable(group.writes);
        group.settle.forEach(([resolve]) => resolve());
        const life = this.#life;
        this.events.onOperation(`${getKind(group.writes)} durable`);
        if (life != this.#life) {
          return;
        }
      }
    }
  }
}
