/** The room's edge on PartyKit. */
import type {Connection, Party} from 'partykit/server';
import type {Greeting, RoomEdge} from './room-edge.js';

const KEY = '#tbpk';

/** The runtime's own attachment, in which PartyKit keeps its and the app's. */
type Attachable = {
  deserializeAttachment(): any;
  serializeAttachment(attachment: unknown): void;
};

const getPrototype = (): Attachable => WebSocket.prototype as any;

/** The part of the edge that concerns connections. */
export const createPartyKitConnections = (
  party: Party,
): Pick<
  RoomEdge<Connection>,
  'getConnections' | 'send' | 'close' | 'remember' | 'recall'
> => {
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

    // PartyKit's own `setState` would put this among the app's state. Where an
    // app's state leaves no room, or overwrites it, the room asks for the hello
    // again after it has slept.
    remember: (connection, greeting) => {
      if (!(connection.send as unknown)) {
        greetings.set(connection.id, greeting);
        return;
      }
      try {
        const prototype = getPrototype();
        prototype.serializeAttachment.call(connection, {
          ...prototype.deserializeAttachment.call(connection),
          [KEY]: greeting,
        });
      } catch {
        // Not hibernating, or full.
      }
    },

    recall: (connection) => {
      if ((connection as unknown) === everyone) {
        return {clientId: '', mark: ''};
      }
      if (!(connection.send as unknown)) {
        return greetings.get(connection.id);
      }
      try {
        return getPrototype().deserializeAttachment.call(connection)?.[KEY] as
          | Greeting
          | undefined;
      } catch {
        return undefined;
      }
    },
  };
};
