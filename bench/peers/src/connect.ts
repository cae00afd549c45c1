/** A peer's client, whichever peer it is. */
import type {PeerName} from '../peers.js';
import {connectPersister} from './clients/persister.js';
import {connectSocketIo} from './clients/socket-io.js';
import {connectSynchronizer} from './clients/synchronizer.js';
import {connectYjs} from './clients/yjs.js';
import type {ConnectPeer} from './peer-client.js';

const CONNECT: {[name in PeerName]: ConnectPeer} = {
  ours: connectPersister,
  tinybase: connectPersister,
  synchronizer: connectSynchronizer,
  yPartyServer: connectYjs,
  yPartyKit: connectYjs,
  socketIo: connectSocketIo,
  socketIoAtMostOnce: connectSocketIo,
};

export const connect: ConnectPeer = (options) => CONNECT[options.peer](options);
