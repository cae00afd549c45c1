/** y-partykit, which stores as its documentation recommends. */
import type * as Party from 'partykit/server';
import {onConnect} from 'y-partykit';

export default {
  onConnect: (connection, room) =>
    onConnect(connection, room, {persist: {mode: 'snapshot'}}),
} satisfies Party.PartyKitServer;
