/** The room's edge on partyserver. */
import type {Connection, Server} from 'partyserver';
import {attachGreeting, readGreeting} from '../server/attached-greeting.js';
import type {Greeting, RoomConnections} from '../server/room-edge.js';
import {tryClose, trySend} from '../server/sockets.js';

/**
 * partyserver knows an attachment by heart, and writes it without what it has not
 * put there: the greeting is put back.
 */
const keepAttached = (
  connection: Connection,
  getGreeting: () => Greeting,
): void => {
  const serialize = connection.serializeAttachment;
  Object.defineProperty(connection, 'serializeAttachment', {
    configurable: true,
    value: (attachment: unknown) => {
      serialize.call(connection, attachment);
      attachGreeting(connection, getGreeting());
    },
  });
};

/** The part of the edge that concerns connections. */
export const createPartyServerConnections = (
  server: Pick<Server<any, any>, 'getConnections'>,
): RoomConnections<Connection> => {
  const greetings = new WeakMap<Connection, Greeting>();

  return {
    getConnections: () => server.getConnections(),

    send: trySend,
    close: tryClose,

    remember: (connection, greeting) => {
      if (!greetings.has(connection)) {
        keepAttached(connection, () => greetings.get(connection)!);
      }
      greetings.set(connection, greeting);
      attachGreeting(connection, greeting);
    },

    recall: readGreeting,
  };
};
