/** The room's edge on PartyKit. */
import type {Connection, Party} from 'partykit/server';
import {attachGreeting, readGreeting} from './attached-greeting.js';
import type {Greeting, RoomConnections} from './room-edge.js';

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

    send: (connection, frame) => {
      try {
        ((connection.send as unknown) ? connection : everyone).send(frame);
      } catch {
        // It has closed meanwhile: who comes back catches up.
      }
    },

    close: (connection, code, reason) => {
      try {
        connection.close(code, reason);
      } catch {
        // It is closed already.
      }
    },

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
