import type {StoreUpdatedEvent} from '../protocol/webhook-event.js';
import {type FollowState, followRoom} from './follow-room.js';
import {Lifetime} from './lifetime.js';
import {DISCOVERY_MS} from './limits.js';
import {type MirroredRoom, MirroredRooms} from './mirrored-rooms.js';
import {type MirrorOptions, parseMirrorOptions} from './mirror-options.js';
import {pollEdits} from './poll-edits.js';
import {pushEdits} from './push-edits.js';
import type {Position} from './sink.js';

/** How a room that is followed is getting on. */
export type RoomStatus = {
  /** `waiting`: something has failed, and is tried again soon. */
  state: FollowState;
  /** How far the sink is. */
  position: Position | undefined;
  /** When the room was there: milliseconds since 1970. */
  time: number | undefined;
  /** What has failed last, until it is followed again. */
  error: unknown;
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
   * open. It rejects where that fails with one, when it is through with all: what is
   * written stays. Where it fails with several that is an AggregateError.
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
export const createMirror = (options: MirrorOptions): Mirror => {
  const settings = parseMirrorOptions(options);
  const {sink, addresses, followDiscovered, twoWay, pollMs, throttleMs} =
    settings;
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
    const tell = async () => settings.onIgnoredError?.(error, room);
    tell().catch(() => {});
  };

  const rooms = new MirroredRooms(settings, report);

  /** Does it until it is over, which `stop` waits for. */
  const keep = (
    run: (signal: AbortSignal) => Promise<void>,
    room?: string,
  ): void => {
    lifetime.run(run).catch((error) => report(error, room));
  };

  const follow = (id: string): void => {
    const found = rooms.find(id);
    const {http, mirror} = found;
    if (found.state || !http) {
      return;
    }
    found.state = 'connecting';
    keep(async (signal) => {
      try {
        await followRoom({
          mirror,
          http,
          throttleMs,
          signal,
          onState: (state) => {
            found.state = state;
            found.error = state == 'following' ? undefined : found.error;
          },
          onError: (error) => {
            found.error = error;
            report(error, id);
          },
        });
      } finally {
        found.state = undefined;
      }
    }, id);
  };

  const push = async (
    id: string,
    {mirror, sink: roomSink, http, state}: MirroredRoom,
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

  const receive = async (
    event: StoreUpdatedEvent,
    signal: AbortSignal,
  ): Promise<void> => {
    await lifetime.open();
    const {room: id, epoch, toOffset} = event.data;
    await rooms.use(id, async (found) => {
      if (followDiscovered && starting && !signal.aborted) {
        follow(id);
      }
      if (found.state && found.state != 'waiting') {
        try {
          // The live feed brings it, mostly.
          await found.sink.waitFor(
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
          push: (id) => rooms.use(id, (found) => push(id, found, running)),
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
        const errors: unknown[] = [];
        for (const id of room === undefined ? addresses.keys() : [room]) {
          signal.throwIfAborted();
          try {
            await rooms.use(id, ({mirror}) => mirror.catchUp(signal));
          } catch (error) {
            errors.push(error);
          }
        }
        if (errors.length > 1) {
          const texts = errors.map((error) => (error as Error).message);
          throw new AggregateError(errors, texts.join(' '));
        }
        if (errors.length) {
          throw errors[0];
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
        rooms
          .entries()
          .filter(([, {state}]) => state)
          .map(
            ([
              id,
              {
                state,
                sink: {last},
                error,
              },
            ]) => [
              id,
              {
                state: state!,
                position: last?.position,
                time: last?.time,
                error,
              },
            ],
          ),
      ),
  };
};
