/** Clients without a network: the room is played by hand. */
import {createStore, type Store} from 'tinybase';
import {createPartyKitPersister as createTinyBasePersister} from 'tinybase/persisters/persister-partykit-client';
import {createPartyKitPersister} from '../../src/client/index.js';
import {createScriptedSocket} from '../../test/support/scripted-socket.js';

/** Whose client; `bare` is a Store alone, to which the same is done. */
export type ClientHalf = 'ours' | 'tinybase' | 'bare';

export type PlayedClient = {
  store: Store;
  start: () => Promise<unknown>;
  /** Changes of another client arrive. */
  deliver: (changes: string) => unknown;
  /** The room answers all that it was sent. */
  answer: () => void;
  stop: () => Promise<unknown>;
};

/** Has whoever asks for content by HTTP get this. */
export const serveContent = (content: string): void => {
  globalThis.fetch = () =>
    Promise.resolve(new Response(content, {headers: {ETag: '"epoch.1"'}}));
};

const createOurs = (): PlayedClient => {
  const store = createStore();
  let offset = 1;
  let lastId = 0;
  const socket = createScriptedSocket({
    onSend: (frame) => {
      if (frame.startsWith('h')) {
        const [, , nonce] = JSON.parse(frame.slice(1));
        queueMicrotask(() =>
          socket.deliver(`w[1,"${nonce}","epoch",${offset},[0],[],"mark"]`),
        );
      } else if (frame.startsWith('p')) {
        lastId = parseInt(frame.slice(2));
      }
      socket.sent.length = 0;
    },
  });
  const persister = createPartyKitPersister(store, socket.connection);
  return {
    store,
    start: async () => {
      socket.open();
      await persister.startAutoPersisting();
    },
    deliver: (changes) => socket.deliver(`c[${++offset},[${changes}]]`),
    answer: () => socket.deliver(`c[${++offset},0,{"mark":[${lastId}]}]`),
    stop: () => persister.destroy(),
  };
};

const createTinyBase = (): PlayedClient => {
  const store = createStore();
  const socket = createScriptedSocket({
    onSend: () => {
      socket.sent.length = 0;
    },
  });
  const persister = createTinyBasePersister(
    store,
    Object.assign(socket.connection, {
      partySocketOptions: {host: 'localhost:1999', room: 'room'},
      name: 'main',
    }),
  );
  return {
    store,
    start: async () => {
      socket.open();
      await persister.startAutoPersisting();
    },
    deliver: (changes) => socket.deliver(`s${changes}`),
    answer: () => {},
    stop: () => persister.destroy(),
  };
};

const createBare = (): PlayedClient => {
  const store = createStore();
  return {
    store,
    start: async () => {
      const response = await fetch('');
      store.setContent(JSON.parse(await response.text()));
    },
    deliver: (changes) => store.applyChanges(JSON.parse(changes)),
    answer: () => {},
    stop: async () => {},
  };
};

export const createPlayedClient = (half: ClientHalf): PlayedClient =>
  ({ours: createOurs, tinybase: createTinyBase, bare: createBare})[half]();
