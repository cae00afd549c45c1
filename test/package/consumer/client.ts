import {PartySocket} from 'partysocket';
import {createStore} from 'tinybase';
import {
  createPartyKitPersister,
  type PartyKitPersister,
  type PartyKitPersisterConfig,
  type SyncState,
} from 'tinybase-partykit/client';

const config: PartyKitPersisterConfig = {
  storeProtocol: 'https',
  storePath: '/store',
  messagePrefix: 'tb',
};

export const connect = async (host: string): Promise<PartyKitPersister> => {
  const connection = new PartySocket({host, room: 'room'});
  const persister = createPartyKitPersister(createStore(), connection, config);
  const state: SyncState = persister.getSyncState();
  const listenerId: string = persister.addSyncStateListener(
    (persister, state, pendingCount) => {
      const known: PartyKitPersister = persister;
      const isSynced: boolean = state === 'synced' && pendingCount === 0;
      return [known, isSynced];
    },
  );
  persister.delListener(listenerId);
  const pendingCount: number = persister.getPendingCount();
  const socket: PartySocket = persister.getConnection();
  await persister.startAutoPersisting([{pets: {fido: {sold: false}}}, {}]);
  return state === 'offline' || pendingCount > 0 || socket !== connection
    ? persister
    : await persister.destroy();
};

export const connectLikeTinyBase = (socket: PartySocket): PartyKitPersister =>
  createPartyKitPersister(createStore(), socket, 'http', (error) => {
    throw error;
  });

export const refuseMisuse = (socket: PartySocket): unknown => [
  // @ts-expect-error a PartySocket's options are not a PartySocket
  createPartyKitPersister(createStore(), {host: 'localhost', room: 'room'}),
  // @ts-expect-error there is no such protocol
  createPartyKitPersister(createStore(), socket, 'ftp'),
];
