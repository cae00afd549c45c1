import type {StoreUpdatedEvent} from '../protocol/webhook-event.js';
import {type FollowState, followRoom} from './follow-room.js';
import {Lifetime} from './lifetime.js';
import {DEFAULT_POLL_MS, DISCOVERY_MS, MAX_IDLE_ROOMS} from './limits.js';
import {pollEdits} from './poll-edits.js';
import {pushEdits} from './push-edits.js';
import {
  type HeadersGiven,
  type KnownAddress,
  parseAddress,
  type RoomAddress,
} from './room-address.js';
import {RoomHttp} from './room-http.js';
import {RoomMirror} from './room-mirror.js';
import {RoomSink, type Written} from './room-sink.js';
import {createSink, type Position, type Sink} from './sink.js';

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

/** How a room that is followed is getting on. */
export type RoomStatus = {
  /** `waiting`: something has failed, and is tried again soon. */
  state: FollowState;
  /** How far the sink is. */
  position: Position | undefined;
  /** When the room was there: milliseconds since 1970. */
  time: number | undefined;
};

/** Keeps what rooms have in a sink. */
export type Mirror = {
  /**
   * Opens the sink, and begins to follow. It rejects where the sink cannot be
   * opened; a room that cannot be reached is waited for.
   */
  start(): Promise<void>;
  /**
   * Ends all that is under way, webhooks as well, after the writes that have begun;
   * then it closes the sink. Webhooks that come later are rejected, until `start`.
   */
  stop(): Promise<void>;
  /**
   * Brings the sink to where the room is now, or all rooms given; no stream is held
   * open. It rejects where that fails: what is written until then stays.
   */
  catchUp(room?: string): Promise<void>;
  /**
   * What to do with a webhook: for `createWebhookHandler`. It resolves when what
   * the webhook tells of is in the sink, and rejects where it is not: the room
   * sends it again then.
   */
  readonly onStoreUpdated: (event: StoreUpdatedEvent) => Promise<void>;
  /** The rooms that are followed, by their ids. */
  getStatus(): {[room: string]: RoomStatus};
};

type Followed = {
  mirror: RoomMirror;
  roomSink: RoomSink;
  http: RoomHttp | undefined;
  state: FollowState | undefined;
  /** How many are at it, besides a live feed. */
  uses: number;
};

const checkMs = (name: string, ms: number): void => {
  if (typeof ms != 'number' || !(ms >= 0) || ms > 2 ** 31 - 1) {
    throw new TypeError(`${name} is a number of milliseconds from 0 on.`);
  }
};

const isList = <Thing>(thing: Thing | Thing[]): thing is Thing[] =>
  Array.isArray(thing);

/**
 * A mirror of rooms in a database. It writes each batch and the offset that this
 * reaches in one transaction of the sink, so that each commit is there exactly
 * once, whatever crashes. Started again it goes on where it was.
 *
 * Several mirrors may write to the same sink: one of them writes, the others see
 * that it has.
 *
 * @throws TypeError where an option is malformed or missing.
 *
 * @example
 * ```ts
 * import {Kysely, PostgresDialect} from 'kysely';
 * import {Pool} from 'pg';
 * import {createMirror} from 'tinybase-partykit/mirror';
 * import {createSqlSink} from 'tinybase-partykit/mirror/sql';
 *
 * const pool = new Pool({connectionString: process.env.DATABASE_URL});
 * // Otherwise a connection that is lost ends the process.
 * pool.on('error', console.warn);
 * pool.on('connect', (client) => client.on('error', console.warn));
 * const mirror = createMirror({
 *   room: 'https://my-app.me.partykit.dev/parties/main/my-room/store',
 *   sink: createSqlSink({db: new Kysely({dialect: new PostgresDialect({pool})})}),
 *   onIgnoredError: (error, room) => console.warn(room, error),
 * });
 * await mirror.start();
 * ```
 */
export const createMirror = ({
  sink: givenSink,
  room: givenRooms = [],
  getRoom,
  followDiscovered = false,
  twoWay = false,
  pollMs = DEFAULT_POLL_MS,
  throttleMs = 0,
  headers,
  fetch: givenFetch,
  onWritten,
  onIgnoredError,
}: MirrorOptions): Mirror => {
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
  const addresses = new Map<string, KnownAddress>();
  for (const given of isList(givenRooms) ? givenRooms : [givenRooms]) {
    const address = parseAddress(given, headers);
    if (addresses.has(address.id)) {
      throw new TypeError(
        `Two rooms are called ${address.id}: give each {id, url}, with ids that differ.`,
      );
    }
    addresses.set(address.id, address);
  }

  const rooms = new Map<string, Followed>();
  const lifetime = new Lifetime({
    open: () => sink.open?.(),
    close: () => {
      rooms.clear();
      return sink.close?.();
    },
  });
  let starting: Promise<void> | undefined;
  /** How often it was stopped: what was begun before is over. */
  let stops = 0;

  const report = (error: unknown, room?: string): void => {
    // It is the app's, and nothing waits for it; it may be async, too.
    const tell = async () => onIgnoredError?.(error, room);
    tell().catch(() => {});
  };

  const findRoom = (id: string): Followed => {
    let found = rooms.get(id);
    if (!found) {
      const address =
        addresses.get(id) ??
        (getRoom && {...parseAddress(addId(getRoom(id), id), headers)});
      const http = address && new RoomHttp(address, givenFetch);
      const roomSink = new RoomSink(id, {
        sink,
        onWritten: (written) => {
          const tell = async () => onWritten?.(written);
          tell().catch((error) => report(error, id));
        },
      });
      const mirror = new RoomMirror(roomSink, http, (error) =>
        report(error, id),
      );
      found = {mirror, roomSink, http, state: undefined, uses: 0};
      rooms.set(id, found);
    }
    return found;
  };

  /** Does it until it is over, which `stop` waits for. */
  const keep = (
    run: (signal: AbortSignal) => Promise<void>,
    room?: string,
  ): void => {
    lifetime.run(run).catch((error) => report(error, room));
  };

  const follow = (id: string): void => {
    const found = findRoom(id);
    const {http, mirror} = found;
    if (found.state || !http) {
      return;
    }
    found.state = 'connecting';
    keep(
      (signal) =>
        followRoom({
          mirror,
          http,
          throttleMs,
          signal,
          onState: (state) => {
            found.state = state;
          },
          onError: (error) => report(error, id),
        }).finally(() => {
          found.state = undefined;
        }),
      id,
    );
  };

  const push = async (
    id: string,
    {mirror, roomSink, http, state}: Followed,
    signal: AbortSignal,
  ): Promise<void> => {
    if (!http) {
      throw new Error(
        `Others have changed ${id} in the sink, and nobody says where that room ` +
          'is: give getRoom, or room, to the mirror.',
      );
    }
    await pushEdits({
      mirror,
      sink: roomSink,
      http,
      twoWay: sink.twoWay!,
      isFollowed: state !== undefined,
      signal,
      onError: (error) => report(error, id),
    });
  };

  /** Lets go of rooms that nothing was done with for longest. */
  const evict = (): void => {
    for (const [id, {state, uses}] of rooms) {
      if (rooms.size <= MAX_IDLE_ROOMS) {
        return;
      }
      if (!state && !uses) {
        rooms.delete(id);
      }
    }
  };

  /** Does something with a room, which is the one that was used last then. */
  const use = async (
    id: string,
    run: (found: Followed) => Promise<void>,
  ): Promise<void> => {
    const found = findRoom(id);
    rooms.delete(id);
    rooms.set(id, found);
    found.uses++;
    try {
      await run(found);
    } finally {
      found.uses--;
      evict();
    }
  };

  const receive = async (
    event: StoreUpdatedEvent,
    signal: AbortSignal,
  ): Promise<void> => {
    await lifetime.open();
    const {room: id, epoch, toOffset} = event.data;
    await use(id, async (found) => {
      if (followDiscovered && starting && !signal.aborted) {
        follow(id);
      }
      if (found.state && found.state != 'waiting') {
        try {
          // The live feed brings it, mostly.
          await found.roomSink.waitFor(
            {epoch, offset: toOffset},
            {signal, timeoutMs: DISCOVERY_MS},
          );
          return;
        } catch {
          // It is late, or the room has another history by now.
          signal.throwIfAborted();
        }
      }
      await found.mirror.receive(event, signal);
    });
  };

  const begin = async (signal: AbortSignal): Promise<void> => {
    await lifetime.open();
    const known = followDiscovered ? await sink.listRooms() : [];
    if (signal.aborted) {
      return;
    }
    for (const id of new Set([...addresses.keys(), ...known])) {
      try {
        follow(id);
      } catch (error) {
        // It is not said where this one is: the others are followed.
        report(error, id);
      }
    }
    if (twoWay) {
      keep((running) =>
        pollEdits({
          listEdited: () => sink.twoWay!.listEdited(),
          push: (id) => use(id, (found) => push(id, found, running)),
          pollMs,
          signal: running,
          onError: report,
        }),
      );
    }
  };

  const start = async (): Promise<void> => {
    const before = stops;
    try {
      await lifetime.untilEnded();
      if (stops == before) {
        lifetime.begin();
        await lifetime.run(begin);
      }
    } catch (error) {
      if (stops == before) {
        starting = undefined;
      }
      throw error;
    }
  };

  return {
    start: () => (starting ??= start()),

    stop: async () => {
      stops++;
      starting = undefined;
      await lifetime.end();
    },

    catchUp: (room) =>
      lifetime.run(async (signal) => {
        await lifetime.open();
        for (const id of room === undefined ? addresses.keys() : [room]) {
          signal.throwIfAborted();
          await use(id, ({mirror}) => mirror.catchUp(signal));
        }
      }),

    onStoreUpdated: async (event) => {
      if (lifetime.isOver) {
        throw new Error('The mirror is stopped: the room sends it again.');
      }
      await lifetime.run((signal) => receive(event, signal));
    },

    getStatus: () =>
      Object.fromEntries(
        [...rooms]
          .filter(([, {state}]) => state)
          .map(([id, {state, roomSink}]) => [
            id,
            {
              state: state!,
              position: roomSink.last?.position,
              time: roomSink.last?.time,
            },
          ]),
      ),
  };
};

/** A room that was asked for by its id is known by that. */
const addId = (given: string | RoomAddress, id: string): RoomAddress => ({
  ...(typeof given == 'string' ? {url: given} : given),
  id,
});
