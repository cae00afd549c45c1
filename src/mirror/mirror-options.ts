import {DEFAULT_POLL_MS} from './limits.js';
import {
  type HeadersGiven,
  type KnownAddress,
  parseAddress,
  type RoomAddress,
} from './room-address.js';
import type {Written} from './room-sink.js';
import {createSink, type Sink} from './sink.js';

/** What is mirrored, and where to. */
export type MirrorOptions = {
  /** Where to: `createSqlSink`, `createRedisSink`, `createMongoSink` or your own. */
  sink: Sink;
  /** The rooms that are followed by their live feeds: URLs of their Stores. */
  room?: string | RoomAddress | (string | RoomAddress)[];
  /**
   * Where a room is that a webhook has told of, or the sink knows. Without it a
   * webhook has to bring all that is to be written.
   */
  getRoom?: (id: string) => string | RoomAddress;
  /**
   * Whether rooms that webhooks tell of are followed by live feed from then on, and
   * from the start those that the sink knows. Wants `getRoom`. Default: false.
   */
  followDiscovered?: boolean;
  /**
   * Whether what others change in the sink is pushed to the room, which decides.
   * Wants a sink that can tell. Default: false.
   */
  twoWay?: boolean;
  /** How often the sink of a two-way mirror is asked; in ms, default 500. */
  pollMs?: number;
  /**
   * For how long commits are gathered until they are written in one batch; in ms,
   * default 0: as many as have come while the batch before was written.
   */
  throttleMs?: number;
  /** Sent with each request to any room; a function is asked for each. */
  headers?: HeadersGiven;
  /** In place of the global `fetch`. */
  fetch?: typeof fetch;
  /** Told of each batch when it is in the sink; not waited for. */
  onWritten?: (written: Written) => void;
  /**
   * Told what has failed, and with which room. A mirror that follows goes on by
   * itself: it tries again, at most 45 s later. What this throws is passed by.
   */
  onIgnoredError?: (error: unknown, room?: string) => void;
};

/** Options that are whole, and rooms by their ids. */
export type MirrorSettings = Required<
  Pick<
    MirrorOptions,
    'sink' | 'followDiscovered' | 'twoWay' | 'pollMs' | 'throttleMs'
  >
> &
  Pick<MirrorOptions, 'fetch' | 'onWritten' | 'onIgnoredError'> & {
    addresses: Map<string, KnownAddress>;
    /** The address of a room that was not given, where somebody knows it. */
    findAddress: (id: string) => KnownAddress | undefined;
  };

const checkMs = (name: string, ms: number): void => {
  if (typeof ms != 'number' || !(ms >= 0) || ms > 2 ** 31 - 1) {
    throw new TypeError(`${name} is a number of milliseconds from 0 on.`);
  }
};

const isList = <Thing>(thing: Thing | Thing[]): thing is Thing[] =>
  Array.isArray(thing);

/** A room that was asked for by its id is known by that. */
const addId = (given: string | RoomAddress, id: string): RoomAddress => ({
  ...(typeof given == 'string' ? {url: given} : given),
  id,
});

const parseAddresses = (
  given: NonNullable<MirrorOptions['room']>,
  headers: HeadersGiven | undefined,
): Map<string, KnownAddress> => {
  const addresses = new Map<string, KnownAddress>();
  for (const one of isList(given) ? given : [given]) {
    const address = parseAddress(one, headers);
    if (addresses.has(address.id)) {
      throw new TypeError(
        `Two rooms are called ${address.id}: give each {id, url}, with ids that differ.`,
      );
    }
    addresses.set(address.id, address);
  }
  return addresses;
};

/** Throws a TypeError that says what is wrong. */
export const parseMirrorOptions = ({
  sink: givenSink,
  room = [],
  getRoom,
  followDiscovered = false,
  twoWay = false,
  pollMs = DEFAULT_POLL_MS,
  throttleMs = 0,
  headers,
  ...rest
}: MirrorOptions): MirrorSettings => {
  const sink = createSink(givenSink);
  checkMs('pollMs', pollMs);
  checkMs('throttleMs', throttleMs);
  if (twoWay && !sink.twoWay) {
    throw new TypeError(
      'twoWay wants a sink that can tell what others have changed: ' +
        'createSqlSink({db, tabular: true, twoWay: true}).',
    );
  }
  if (followDiscovered && !getRoom) {
    throw new TypeError(
      'followDiscovered wants getRoom, to know where rooms are.',
    );
  }
  return {
    ...rest,
    sink,
    followDiscovered,
    twoWay,
    pollMs,
    throttleMs,
    addresses: parseAddresses(room, headers),
    findAddress: (id) =>
      getRoom && parseAddress(addId(getRoom(id), id), headers),
  };
};
