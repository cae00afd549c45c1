/** A Store that is kept in sync with a room. */
import {PartySocket} from 'partysocket';
import {createStore, type Store} from 'tinybase';
import {
  createPartyKitPersister,
  type PartyKitPersister,
} from 'tinybase-partykit/client';

const fetchToken = async (room: string, user: string): Promise<string> => {
  const query = new URLSearchParams({room, user});
  const response = await fetch(`/token?${query}`, {method: 'POST'});
  if (!response.ok) {
    throw new Error(`No token: ${response.status}`);
  }
  return await response.text();
};

export const joinRoom = (
  room: string,
  getUser: () => string,
  onRefused: () => void,
): {store: Store; persister: PartyKitPersister} => {
  const store = createStore();
  const socket = new PartySocket({
    host: location.host,
    // The binding `Main` of wrangler.jsonc.
    party: 'main',
    room,
    // Asked at each connection and request, so that no token need live long.
    query: async () => ({token: await fetchToken(room, getUser())}),
  });
  const persister = createPartyKitPersister(store, socket, {}, (error) => {
    // Other errors are trouble with the connection: it comes back by itself.
    if (error.name == 'RefusedError') {
      onRefused();
    }
  });
  void persister.startAutoPersisting();
  return {store, persister};
};
