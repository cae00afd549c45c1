/**
 * One person at the table: a Store, a PartySocket, and the Persister that joins
 * them. Nothing but the room connects it to the other person.
 */
import {PartySocket} from 'partysocket';
import {useState} from 'react';
import {createStore} from 'tinybase';
import type {Store} from 'tinybase';
import {useCreatePersister, useCreateStore} from 'tinybase/ui-react';
import {createPartyKitPersister} from 'tinybase-partykit/client';
import {INITIAL_CONTENT} from './counter.js';
import {useRefusal} from './use-refusal.js';
import type {Refusal} from './use-refusal.js';
import {useSync} from './use-sync.js';
import type {Sync} from './use-sync.js';

export type Pane = {
  name: string;
  store: Store;
  sync: Sync;
  refusal: Refusal | undefined;
  dismissRefusal: () => void;
  /** What the switch says; without a network, one can want to be online. */
  online: boolean;
  setOnline: (online: boolean) => void;
};

export const usePane = (name: string, room: string): Pane => {
  const store = useCreateStore(createStore);
  const [online, setOnline] = useState(true);
  const [refusal, reportError, dismissRefusal] = useRefusal();

  const persister = useCreatePersister(
    store,
    () =>
      createPartyKitPersister(
        store,
        // The page comes from the server that also has the rooms.
        new PartySocket({host: location.host, room}),
        undefined,
        reportError,
      ),
    [room],
    (persister) => persister.startAutoPersisting(INITIAL_CONTENT),
    [],
    (persister) => getSocket(persister).close(),
  );

  return {
    name,
    store,
    sync: useSync(persister),
    refusal,
    dismissRefusal,
    online,
    setOnline: (online) => {
      const socket = persister?.getConnection();
      if (online) {
        socket?.reconnect();
      } else {
        socket?.close();
      }
      setOnline(online);
    },
  };
};

// TinyBase types the Persister of its `destroy` callback as the base interface.
const getSocket = (persister: object): PartySocket =>
  (persister as ReturnType<typeof createPartyKitPersister>).getConnection();
