/** Storage and alarm of a room that may crash at any write. */
import type {PlatformAlarm} from '../../src/server/webhooks/shared-alarm.js';
import type {MemoryStorage} from './memory-storage.js';

/** The room's alarm on the platform. */
export interface FakeAlarm {
  at: number | null;
}

export interface Life {
  readonly storage: MemoryStorage;
  readonly alarm: PlatformAlarm;
  readonly isOver: boolean;
  /** Resolves when it is over. */
  readonly over: Promise<void>;
  /** How often it has written. */
  readonly writeCount: number;
  end(): void;
}

/**
 * A life of a room on a storage that outlives it: at the write of this number
 * it ends, which is not done. Nothing that it has asked for is answered then.
 */
export const createLife = (
  storage: MemoryStorage,
  alarm: FakeAlarm,
  lastWrite = Infinity,
): Life => {
  let isOver = false;
  let end = () => {};
  const over = new Promise<void>((resolve) => {
    end = () => {
      isOver = true;
      resolve();
    };
  });
  let writeCount = 0;

  const read = <Result>(run: () => Promise<Result>): Promise<Result> =>
    isOver ? new Promise(() => {}) : run();
  const write = <Result>(run: () => Promise<Result>): Promise<Result> => {
    if (!isOver && ++writeCount >= lastWrite) {
      end();
    }
    return read(run);
  };
  const setAt = (at: number | null) =>
    write(async () => {
      alarm.at = at;
    });

  return {
    storage: {
      ...storage,
      get: (key) => read(() => storage.get(key)),
      list: (options) => read(() => storage.list(options)),
      put: (...args: [any, any?]) => write(() => storage.put(...args)),
      delete: (keys) => write(() => storage.delete(keys)),
    },
    alarm: {
      getAlarm: () => read(async () => alarm.at),
      setAlarm: (at) => setAt(at),
      deleteAlarm: () => setAt(null),
    },
    get isOver() {
      return isOver;
    },
    over,
    get writeCount() {
      return writeCount;
    },
    end: () => end(),
  };
};
