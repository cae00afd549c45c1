import {createMemoryStorage, type MemoryStorage} from './memory-storage.js';

export interface HeldStorage extends MemoryStorage {
  /** From now on writes take effect, but are not durable. */
  hold(): void;
  /** How many writes are waiting to be durable. */
  getHeldCount(): number;
  /** What waits is durable; so is all that follows. */
  release(): void;
  /** What waits, or else comes next, fails and has not taken effect. */
  fail(error: Error): void;
}

/** Creates storage of which a test says when writes are durable, or fail. */
export const createHeldStorage = (
  storage: MemoryStorage = createMemoryStorage(),
): HeldStorage => {
  const held: {
    write: () => Promise<any>;
    resolve: (result: any) => void;
    reject: (error: Error) => void;
  }[] = [];
  let holding = false;
  let failure: Error | undefined;

  const write = (action: () => Promise<any>): Promise<any> => {
    if (failure && !holding) {
      const error = failure;
      failure = undefined;
      return Promise.reject(error);
    }
    return holding
      ? new Promise((resolve, reject) =>
          held.push({write: action, resolve, reject}),
        )
      : action();
  };

  return {
    ...storage,
    put: (...args: [any, any?]) => write(() => storage.put(...args)),
    delete: (keys) => write(() => storage.delete(keys)),
    hold: () => {
      holding = true;
    },
    getHeldCount: () => held.length,
    release: () => {
      holding = false;
      held
        .splice(0)
        .forEach(({write: run, resolve}) => void run().then(resolve));
    },
    fail: (error) => {
      holding = false;
      if (held.length) {
        held.splice(0).forEach(({reject}) => reject(error));
      } else {
        failure = error;
      }
    },
  };
};
