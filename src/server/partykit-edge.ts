/** The room's edge on PartyKit. */
import type {Connection, Party} from 'partykit/server';
import {attachGreeting, readGreeting} from './attached-greeting.js';
import type {Greeting, RoomConnections} from './room-edge.js';
import {tryClose, trySend} from './sockets.js';

/** The part of the edge that concerns connections. */
export const createPartyKitConnections = (
  party: Party,
): RoomConnections<Connection> => {
  // Stands for everyone where the platform can only broadcast.
  const everyone = {id: '', send: (frame: string) => party.broadcast(frame)};
  const greetings = new Map<string, Greeting>();

  return {
    getConnections: () =>
      (party.getConnections as unknown)
        ? party.getConnections()
        : [everyone as any],

    send: (connection, frame) =>
      trySend((connection.send as unknown) ? connection : everyone, frame),
    close: tryClose,

    // PartyKit's own `setState` would put this among the app's state.
    remember: (connection, greeting) => {
      if (connection.send as unknown) {
        attachGreeting(connection, greeting);
      } else {
        greetings.set(connection.id, greeting);
      }
    },

    recall: (connection) => {
      if ((connection as unknown) === everyone) {
        return {clientId: '', mark: ''};
      }
      return (connection.send as unknown)
        ? readGreeting(connection)
        : greetings.get(connection.id);
    },
  };
};
