/**
 * The alarm of a room's storage, as the app uses it: it keeps the app's own
 * apart from the one of webhooks.
 */
import type {PlatformAlarm, SharedAlarm} from './shared-alarm.js';

/** What is used of the platform's storage, and of a transaction on it. */
type AlarmMethods = {
  getAlarm(options?: object): Promise<number | null>;
  setAlarm(at: number | Date, options?: object): Promise<void>;
  deleteAlarm(options?: object): Promise<void>;
};

type Transaction = AlarmMethods & {
  put(key: string, value: unknown): Promise<void>;
  delete(key: string): Promise<unknown>;
  rollback?(): void;
};

export type AlarmStorage = AlarmMethods & {
  transaction<Result>(
    run: (transaction: Transaction) => Promise<Result>,
  ): Promise<Result>;
};

type Own = Pick<
  AlarmStorage,
  'getAlarm' | 'setAlarm' | 'deleteAlarm' | 'transaction'
>;

/** The storage's own methods, where they were replaced. */
const originals = new WeakMap<AlarmStorage, Own>();

const getOriginals = (storage: AlarmStorage): Own => {
  let own = originals.get(storage);
  if (!own) {
    own = {
      getAlarm: storage.getAlarm.bind(storage),
      setAlarm: storage.setAlarm.bind(storage),
      deleteAlarm: storage.deleteAlarm.bind(storage),
      transaction: storage.transaction?.bind(storage),
    };
    originals.set(storage, own);
  }
  return own;
};

/** The platform's alarm, past what the app sees. */
export const getPlatformAlarm = (storage: AlarmStorage): PlatformAlarm => {
  const {getAlarm, setAlarm, deleteAlarm} = getOriginals(storage);
  return {
    getAlarm: () => getAlarm(),
    setAlarm: (at) => setAlarm(at),
    deleteAlarm: () => deleteAlarm(),
  };
};

/** What is no time the platform refuses, as it always does. */
const isTime = (at: number | Date): boolean => Number.isFinite(+at);

/** What a transaction makes of the app's alarm if it ends well. */
type Staged = {at: number | undefined};

const shareTransaction = (
  transaction: Transaction,
  alarm: SharedAlarm,
  stage: (staged: Staged | undefined) => void,
): void => {
  const setAlarm = transaction.setAlarm.bind(transaction);
  const deleteAlarm = transaction.deleteAlarm.bind(transaction);
  const rollback = transaction.rollback?.bind(transaction);
  let staged: Staged | undefined;
  const noteStaged = (next: Staged | undefined): void => {
    staged = next;
    stage(next);
  };

  transaction.getAlarm = async () =>
    staged ? (staged.at ?? null) : await alarm.getApp();
  transaction.setAlarm = async (at, options) => {
    if (isTime(at)) {
      noteStaged({at: +at});
      await transaction.put(alarm.key, {at: +at});
    }
    await setAlarm(isTime(at) ? alarm.getEarliest(+at)! : at, options);
  };
  transaction.deleteAlarm = async (options) => {
    noteStaged({at: undefined});
    await transaction.delete(alarm.key);
    const earliest = alarm.getEarliest(undefined);
    await (earliest === null
      ? deleteAlarm(options)
      : setAlarm(earliest, options));
  };
  transaction.rollback = () => {
    noteStaged(undefined);
    rollback?.();
  };
};

/**
 * Has the app's use of the storage's alarm keep to its share, on the object
 * itself: whoever has it already, has the same.
 */
export const shareStorageAlarm = (
  storage: AlarmStorage,
  alarm: SharedAlarm,
): void => {
  const {setAlarm, transaction} = getOriginals(storage);
  storage.getAlarm = () => alarm.getApp();
  storage.setAlarm = (at, options) =>
    isTime(at) ? alarm.setApp(+at) : setAlarm(at, options);
  storage.deleteAlarm = () => alarm.deleteApp();
  storage.transaction = async (run) => {
    const outcome: {staged?: Staged | undefined} = {};
    const result = await transaction((inner) => {
      // It may be run again.
      delete outcome.staged;
      shareTransaction(inner, alarm, (staged) => (outcome.staged = staged));
      return run(inner);
    });
    if (outcome.staged) {
      await alarm.adoptApp(outcome.staged.at);
    }
    return result;
  };
};
