/**
 * What a Persister says about its connection, as React state.
 */
import {useCallback, useSyncExternalStore} from 'react';
import type {PartyKitPersister, SyncState} from 'tinybase-partykit/client';

export type Sync = {state: SyncState; pending: number};

export const useSync = (persister: PartyKitPersister | undefined): Sync => {
  const subscribe = useCallback(
    (onChange: () => void) => {
      const listenerId = persister?.addSyncStateListener(onChange);
      return () => {
        if (listenerId !== undefined) {
          persister?.delListener(listenerId);
        }
      };
    },
    [persister],
  );
  const state = useSyncExternalStore(
    subscribe,
    () => persister?.getSyncState() ?? 'syncing',
  );
  const pending = useSyncExternalStore(
    subscribe,
    () => persister?.getPendingCount() ?? 0,
  );
  return {state, pending};
};
