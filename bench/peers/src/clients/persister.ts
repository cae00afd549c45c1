/** A Store with a persister to a PartyKit room: ours, or TinyBase's own. */
import {PartySocket} from 'partysocket';
import {createStore} from 'tinybase';
import {createPartyKitPersister as createTinyBasePersister} from 'tinybase/persisters/persister-partykit-client';
import {createPartyKitPersister} from '../../../../src/client/index.js';
import {listenToStore} from '../listen-to-store.js';
import {type ConnectPeer, ROOM, TABLE} from '../peer-client.js';
import {PlainWebSocket} from '../plain-web-socket.js';
import {setRows} from '../set-rows.js';

export const connectPersister: ConnectPeer = async ({peer, host, onCells}) => {
  const store = createStore();
  listenToStore(store, onCells);
  const socket = new PartySocket({host, room: ROOM, WebSocket: PlainWebSocket});
  const persister =
    peer == 'ours'
      ? createPartyKitPersister(store, socket)
      : createTinyBasePersister(store, socket, 'http');
  // TinyBase's own room takes changes only once it has a Store.
  await persister.startAutoPersisting([{}, {open: true}]);
  return {
    setRows: (rows) => setRows(store, rows),
    countRows: () => store.getRowCount(TABLE),
    leave: () => socket.close(),
    comeBack: () => {
      if (peer == 'tinybase') {
        // It is not told what it missed: an app has to load all of it.
        socket.addEventListener('open', () => persister.load(), {once: true});
      }
      socket.reconnect();
    },
  };
};
