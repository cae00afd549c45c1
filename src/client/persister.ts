import type {PartySocket} from 'partysocket';
import type {Id, Store} from 'tinybase';
import {createSession, type InitialContent} from './session.js';
import type {
  PartyKitPersister,
  PartyKitPersisterConfig,
  SyncStateListener,
} from './types.js';

/**
 * Creates a Persister that keeps a Store in sync with a PartyKit room that runs
 * `TinyBasePartyKitServer`.
 *
 * Whole content travels by HTTP(S), changes by the PartySocket. While
 * auto-saving, each local transaction is pushed, answered and, where the room
 * refuses it, rolled back; while auto-loading, the Store follows the room. Of a
 * MergeableStore the content is persisted and not the metadata.
 *
 * @param store The Store to persist.
 * @param connection The PartySocket to the room. It may be closed, offline, or
 * move to another room.
 * @param configOrStoreProtocol Configuration that matches the room's, or just
 * the HTTP protocol.
 * @param onIgnoredError Told what the Persister carries on after: an unsuccessful
 * `Response`, a network error, or a `ChangesError`. That is named `RefusedError` where
 * the room refused all or a part of `error.changes`, which is rolled back;
 * `LostError` where it had not answered them when the Persister was destroyed or its
 * connection moved to another room; `ReplacedError` where another Persister took over
 * the connection.
 * @example
 * ```ts
 * const store = createStore();
 * const socket = new PartySocket({host: 'localhost:1999', room: 'my-room'});
 * const persister = createPartyKitPersister(store, socket);
 * await persister.startAutoPersisting([{pets: {fido: {species: 'dog'}}}, {}]);
 * ```
 */
export const createPartyKitPersister = (
  store: Store,
  connection: PartySocket,
  configOrStoreProtocol?: PartyKitPersisterConfig | 'http' | 'https',
  onIgnoredError?: (error: any) => void,
): PartyKitPersister => {
  let autoLoading = false;
  let autoSaving = false;
  let destroyed = false;
  /** How many loads and saves are under way, and how many there were. */
  const loads = {current: 0, all: 0};
  const saves = {current: 0, all: 0};
  let queue: Promise<unknown> = Promise.resolve();
  let nextListenerId = 0;
  const observers = new Map<Id, () => void>();
  const observe = (): void => observers.forEach((tell) => tell());

  const onError = (error: unknown): void => {
    try {
      destroyed || onIgnoredError?.(error);
    } catch {
      // As TinyBase does: who ignores errors ignores this one.
    }
  };

  const session = createSession(
    store,
    connection,
    typeof configOrStoreProtocol == 'string'
      ? {storeProtocol: configOrStoreProtocol}
      : (configOrStoreProtocol ?? {}),
    {onError, onChange: observe},
  );

  /** Does things one after the other, whatever becomes of each. */
  const schedule = async (
    ...actions: (() => unknown)[]
  ): Promise<PartyKitPersister> => {
    for (const action of actions) {
      queue = queue.then(() => destroyed || action()).catch(onError);
    }
    await queue;
    return persister;
  };

  /** Tells what `getArgs` gives when that has changed. */
  const addObserver = <const Args extends readonly (number | string)[]>(
    getArgs: () => Args,
    listener: (persister: PartyKitPersister, ...args: Args) => void,
  ): Id => {
    const id = `${nextListenerId++}`;
    let last = getArgs().join();
    observers.set(id, () => {
      const args = getArgs();
      if (args.join() != last) {
        last = args.join();
        listener(persister, ...args);
      }
    });
    return id;
  };

  const setAutoLoad = (on: boolean): void => {
    session.setAutoLoad((autoLoading = on));
  };

  const setAutoSave = (on: boolean): void => {
    session.setAutoSave((autoSaving = on));
  };

  const getStatus = (): number =>
    loads.current ? 1 : saves.current || session.getPendingCount() ? 2 : 0;

  const run = async (
    counts: typeof loads,
    action: () => Promise<void>,
  ): Promise<PartyKitPersister> => {
    counts.current++;
    counts.all++;
    observe();
    await schedule(action);
    counts.current--;
    observe();
    return persister;
  };

  const load = (initialContent?: InitialContent): Promise<PartyKitPersister> =>
    run(loads, () => session.load(initialContent));

  const save = (): Promise<PartyKitPersister> => run(saves, session.save);

  const startAutoLoad = (
    initialContent?: InitialContent,
  ): Promise<PartyKitPersister> => {
    setAutoLoad(true);
    return load(initialContent);
  };

  const startAutoSave = async (): Promise<PartyKitPersister> => {
    // At once, so that what is written while it starts is sent, too.
    setAutoSave(true);
    await save();
    session.join();
    return persister;
  };

  const persister = Object.freeze({
    load,

    startAutoLoad,

    stopAutoLoad: async () => {
      setAutoLoad(false);
      return persister;
    },

    isAutoLoading: () => autoLoading,

    save,

    startAutoSave,

    stopAutoSave: async () => {
      setAutoSave(false);
      return persister;
    },

    isAutoSaving: () => autoSaving,

    startAutoPersisting: async (
      initialContent?: InitialContent,
      startSaveFirst?: boolean,
    ) => {
      setAutoSave(true);
      if (startSaveFirst) {
        await startAutoSave();
      }
      await startAutoLoad(initialContent);
      // Unless it has been stopped meanwhile.
      return autoSaving && !startSaveFirst ? startAutoSave() : persister;
    },

    stopAutoPersisting: async () => {
      setAutoLoad(false);
      setAutoSave(false);
      return persister;
    },

    getStatus,

    addStatusListener: (
      listener: (persister: PartyKitPersister, status: number) => void,
    ) => addObserver(() => [getStatus()], listener),

    delListener: (listenerId: Id) => {
      observers.delete(listenerId);
      return persister;
    },

    schedule,

    getStore: () => store,

    getStats: () => {
      const [commits, pushes] = session.getCounts();
      return {loads: loads.all + commits, saves: saves.all + pushes};
    },

    destroy: async () => {
      setAutoLoad(false);
      setAutoSave(false);
      session.destroy();
      destroyed = true;
      observers.clear();
      return persister;
    },

    getConnection: () => connection,

    getSyncState: session.getState,

    getPendingCount: session.getPendingCount,

    addSyncStateListener: (listener: SyncStateListener) =>
      addObserver(
        () => [session.getState(), session.getPendingCount()],
        listener,
      ),
  }) as unknown as PartyKitPersister;

  return persister;
};
