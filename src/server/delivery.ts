/**
 * Sends frames, and counts what is not read: the platform takes whatever it is
 * given, and keeps it for a reader that has stopped reading.
 */
import {PING_LENGTH} from '../protocol/limits.js';
import {PING} from '../protocol/messages.js';
import type {RoomConnection, RoomEdge} from './room-edge.js';

/** What a connection has been sent without a sign that it reads. */
type Unread = {
  length: number;
  /** The ping under way, and what it will show to be read. */
  token: string;
  asked: number;
};

type DeliveryEdge<Connection extends RoomConnection> = Pick<
  RoomEdge<Connection>,
  'messagePrefix' | 'limits' | 'send' | 'createMark'
>;

export class Delivery<Connection extends RoomConnection> {
  readonly #edge: DeliveryEdge<Connection>;
  readonly #onOverflow: (connection: Connection) => void;
  readonly #unread = new WeakMap<Connection, Unread>();

  constructor(
    edge: DeliveryEdge<Connection>,
    /** This connection reads too little of what it is sent. */
    onOverflow: (connection: Connection) => void,
  ) {
    this.#edge = edge;
    this.#onOverflow = onOverflow;
  }

  /** Sends to a connection that need not answer pings. */
  send(connection: Connection, letter: string, text: string): void {
    this.#edge.send(connection, this.#edge.messagePrefix + letter + text);
  }

  /** Sends to connections of which each has to answer pings. */
  sendCounted(
    connections: Iterable<Connection>,
    letter: string,
    text: string,
  ): void {
    const {messagePrefix, limits} = this.#edge;
    const frame = messagePrefix + letter + text;
    for (const connection of connections) {
      const unread = this.#getUnread(connection);
      if (unread.length > limits.maxUnreadLength) {
        this.#onOverflow(connection);
        continue;
      }
      this.#edge.send(connection, frame);
      unread.length += frame.length;
      if (!unread.token && unread.length >= PING_LENGTH) {
        unread.token = this.#edge.createMark();
        unread.asked = unread.length;
        this.send(connection, PING, `["${unread.token}"]`);
      }
    }
  }

  /** Notes that a connection has read all that came before a ping. */
  notePong(connection: Connection, token: string): void {
    const unread = this.#getUnread(connection);
    if (token && unread.token === token) {
      unread.length -= unread.asked;
      unread.token = '';
    }
  }

  #getUnread(connection: Connection): Unread {
    let unread = this.#unread.get(connection);
    if (!unread) {
      unread = {length: 0, token: '', asked: 0};
      this.#unread.set(connection, unread);
    }
    return unread;
  }
}
