/** Storage in memory with the alarm and the transactions of the platform. */
import {createMemoryStorage, type MemoryStorage} from './memory-storage.js';
import type {FakeAlarm} from './mortal-storage.js';

export interface AlarmedStorage extends MemoryStorage {
  readonly alarm: FakeAlarm;
  getAlarm(): Promise<number | null>;
  setAlarm(at: number | Date): Promise<void>;
  deleteAlarm(): Promise<void>;
  transaction<Result>(run: (inner: any) => Promise<Result>): Promise<Result>;
}

export const createAlarmStorage = (
  initial?: Iterable<[key: string, value: unknown]>,
): AlarmedStorage => {
  const storage = createMemoryStorage(initial);
  const alarm: FakeAlarm = {at: null};
  const createAlarm = (on: FakeAlarm) => ({
    getAlarm: async () => on.at,
    setAlarm: async (at: number | Date) => {
      if (Number.isNaN(+at)) {
        throw new TypeError('setAlarm() cannot be called with an invalid time');
      }
      on.at = +at;
    },
    deleteAlarm: async () => {
      on.at = null;
    },
  });
  return {
    ...storage,
    ...createAlarm(alarm),
    alarm,
    transaction: async (run) => {
      const staged = {...alarm};
      const puts: (() => Promise<unknown>)[] = [];
      let isRolledBack = false;
      const result = await run({
        ...createAlarm(staged),
        get: storage.get,
        put: async (...args: [any, any?]) =>
          void puts.push(() => storage.put(...args)),
        delete: async (keys: any) => void puts.push(() => storage.delete(keys)),
        rollback: () => {
          isRolledBack = true;
        },
      });
      if (!isRolledBack) {
        alarm.at = staged.at;
        await Promise.all(puts.map((put) => put()));
      }
      return result;
    },
  };
};
