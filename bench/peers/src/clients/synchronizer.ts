/** A MergeableStore with a synchronizer, as TinyBase's guide has it. */
import {createMergeableStore} from 'tinybase';
import {createWsSynchronizer} from 'tinybase/synchronizers/synchronizer-ws-client';
import {listenToStore} from '../listen-to-store.js';
import {type ConnectPeer, ROOM, TABLE} from '../peer-client.js';
import {PlainWebSocket} from '../plain-web-socket.js';
import {setRows} from '../set-rows.js';

export const connectSynchronizer: ConnectPeer = async ({host, onCells}) => {
  const store = createMergeableStore();
  listenToStore(store, onCells);
  const synchronize = async () => {
    const socket = new PlainWebSocket(`ws://${host}/${ROOM}`);
    const synchronizer = await createWsSynchronizer(store, socket);
    return await synchronizer.startSync();
  };
  let synchronizer = await synchronize();
  return {
    setRows: (rows) => setRows(store, rows),
    countRows: () => store.getRowCount(TABLE),
    leave: () => void synchronizer.destroy(),
    // TinyBase 10 ends a synchronizer when its WebSocket closes, also where that
    // would reconnect: an app has to create another.
    comeBack: async () => {
      synchronizer = await synchronize();
    },
  };
};
