import type {PartySocket} from 'partysocket';
import type {Id, Store} from 'tinybase';
import {
  createCustomPersister,
  type Persister,
  type PersisterStats,
  type Status,
} from 'tinybase/persisters';
import {
  createSession,
  type InitialContent,
  type SyncState,
} from './session.js';
import type {PartyKitPersister, PartyKitPersisterConfig} from './types.js';

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
 * `Response`, a network error, or an Error named `RefusedError` (the room refused
 * `error.changes`, which are rolled back) or `MovedError`.
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
  let autoSaving = false;
  let nextListenerId = 0;
  const observers = new Map<Id, () => void>();
  const observe = (): void => observers.forEach((tell) => tell());

  const onError = (error: unknown): void => {
    try {
      onIgnoredError?.(error);
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

  // Kept from TinyBase's `load`, which would replace pending edits by it.
  let initialContent: InitialContent | undefined;

  const inner: Persister = createCustomPersister(
    store,
    async () => {
      const initial = initialContent;
      initialContent = undefined;
      await session.load(initial);
      // The session has written the content, with what is pending on top.
      return [{}, {}, 1] as any;
    },
    session.save,
    () => session.setAutoLoad(true),
    () => session.setAutoLoad(false),
    onError,
    1,
  );
  inner.addStatusListener(observe);

  /** Tells when what `getSnapshot` gives has changed. */
  const addObserver = <Snapshot>(
    getSnapshot: () => Snapshot,
    tell: () => void,
  ): Id => {
    const id = `${nextListenerId++}`;
    let last = getSnapshot();
    observers.set(id, () => {
      const snapshot = getSnapshot();
      if (snapshot !== last) {
        last = snapshot;
        tell();
      }
    });
    return id;
  };

  const setAutoSave = (on: boolean): void => {
    autoSaving = on;
    session.setAutoSave(on);
  };

  const persister: PartyKitPersister = Object.freeze({
    ...inner,

    load: async (initial?: InitialContent) => {
      initialContent = initial;
      await inner.load();
      return persister;
    },

    startAutoLoad: async (initial?: InitialContent) => {
      initialContent = initial;
      await inner.startAutoLoad();
      return persister;
    },

    stopAutoLoad: async () => {
      await inner.stopAutoLoad();
      return persister;
    },

    save: async () => {
      await inner.save();
      return persister;
    },

    startAutoSave: async () => {
      // At once, so that what is written while it starts is sent too.
      setAutoSave(true);
      await inner.save();
      session.join();
      return persister;
    },

    stopAutoSave: async () => {
      setAutoSave(false);
      return persister;
    },

    isAutoSaving: () => autoSaving,

    startAutoPersisting: async (
      initial?: InitialContent,
      startSaveFirst = false,
    ) => {
      setAutoSave(true);
      if (startSaveFirst) {
        await persister.startAutoSave();
      }
      await persister.startAutoLoad(initial);
      return startSaveFirst || !autoSaving
        ? persister
        : await persister.startAutoSave();
    },

    stopAutoPersisting: async () => {
      setAutoSave(false);
      return await persister.stopAutoLoad();
    },

    getStatus: (): Status =>
      inner.getStatus() || (session.getPendingCount() ? 2 : 0),

    addStatusListener: (listener: any) =>
      addObserver(persister.getStatus, () =>
        listener(persister, persister.getStatus()),
      ),

    delListener: (listenerId: Id) => {
      observers.delete(listenerId);
      return persister;
    },

    schedule: async (...actions: (() => Promise<any>)[]) => {
      await inner.schedule(...actions);
      return persister;
    },

    getStats: (): PersisterStats => {
      const {loads, saves} = inner.getStats();
      const [commits, pushes] = session.getCounts();
      return {loads: loads + commits, saves: saves + pushes};
    },

    destroy: async () => {
      setAutoSave(false);
      await inner.destroy();
      session.destroy();
      observers.clear();
      return persister;
    },

    getConnection: () => connection,

    getSyncState: session.getState,

    getPendingCount: session.getPendingCount,

    addSyncStateListener: (
      listener: (
        persister: PartyKitPersister,
        state: SyncState,
        pendingCount: number,
      ) => void,
    ) =>
      addObserver(
        () => session.getState() + session.getPendingCount(),
        () =>
          listener(persister, session.getState(), session.getPendingCount()),
      ),
  }) as any;

  return persister;
};
