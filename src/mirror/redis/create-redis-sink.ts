/** A sink that keeps rooms in Redis. */
import type {Cluster, Redis} from 'ioredis';
import {encodeCommit} from '../encode-commit.js';
import {escapeName, unescapeName} from '../escape-name.js';
import {type Batch, createSink, type Sink} from '../sink.js';
import {type ContentAs, GuardedWrite} from './guarded-write.js';
import {dropContent, keepHashes, keepJson} from './keep-content.js';
import {createRoomKeys, type RoomKeys} from './keys.js';
import {hasRoom, readRoom} from './read-room.js';
import {addCommits, publishNews} from './tell-commits.js';

const DEFAULT_PREFIX = 'tinybase:';
const DEFAULT_MAX_LENGTH = 10_000;
const ROOMS_AT_ONCE = 100;

export type RedisSinkOptions = {
  /** Yours: the sink never closes it. A `Cluster` will do. */
  redis: Redis | Cluster;
  /** Begins all keys and channels. `tinybase:` unless told. */
  prefix?: string;
  /**
   * `json`: all of a Store in one string, which is written anew with each batch,
   * and has 512 MiB at most. `hashes`: a hash for each Table, with a field for
   * each Row, and one for the Values; a batch writes what it changes. `json` unless
   * told. When it is changed, each room is written anew.
   */
  contentAs?: ContentAs;
  /**
   * A Stream for each room with an entry for each commit, of which about as many
   * are kept as `maxLength` says: 10,000 unless told. With `false` there is none.
   */
  stream?: {maxLength?: number} | false;
  /** Whether each batch is published as well. It is unless told. */
  publish?: boolean;
};

const checkOptions = ({
  redis,
  prefix = DEFAULT_PREFIX,
  contentAs = 'json',
  stream = {},
  publish = true,
}: RedisSinkOptions): Required<RedisSinkOptions> & {maxLength: number} => {
  if (typeof redis?.call != 'function' || typeof redis.multi != 'function') {
    throw new TypeError('`redis` is an instance of `Redis` of ioredis.');
  }
  if (typeof prefix != 'string') {
    throw new TypeError('`prefix` is a string.');
  }
  if (contentAs != 'json' && contentAs != 'hashes') {
    throw new TypeError("`contentAs` is 'json' or 'hashes'.");
  }
  const {maxLength = DEFAULT_MAX_LENGTH} = stream || {};
  if (!Number.isSafeInteger(maxLength) || maxLength < 1) {
    throw new TypeError('`maxLength` of `stream` is an integer from 1 on.');
  }
  return {redis, prefix, contentAs, stream, publish, maxLength};
};

/**
 * A sink that keeps rooms in Redis 5 or later: their content, a Stream of their
 * commits, and a message to who has subscribed, all by one script for each batch.
 * What Redis loses it loses together; the mirror then writes the room anew.
 *
 * The key of a type that is not the mirror's own makes `write` throw, with nothing
 * written. So does content that Redis would not take.
 *
 * @example
 * ```ts
 * import {Redis} from 'ioredis';
 * import {createMirror} from 'tinybase-partykit/mirror';
 * import {createRedisSink} from 'tinybase-partykit/mirror/redis';
 *
 * const redis = new Redis('redis://127.0.0.1:6379');
 * const mirror = createMirror({
 *   room: 'http://localhost:1999/parties/main/my-room/store',
 *   sink: createRedisSink({redis, contentAs: 'hashes'}),
 * });
 * await mirror.start();
 * ```
 */
export const createRedisSink = (options: RedisSinkOptions): Sink => {
  const {redis, prefix, contentAs, stream, publish, maxLength} =
    checkOptions(options);
  const roomsKey = `${prefix}rooms`;
  const getKeys = (room: string): RoomKeys => createRoomKeys(prefix, room);

  const compose = (
    batch: Batch,
    keys: RoomKeys,
    oldTables: string[] | undefined,
  ): string[] => {
    const write = new GuardedWrite(batch.room, keys);
    if (oldTables) {
      dropContent(write, keys, oldTables.map(unescapeName).map(keys.getTable));
    }
    (contentAs == 'json' ? keepJson : keepHashes)(write, batch, keys);
    write.add(
      'HSET',
      [keys.position, 'hash'],
      Object.entries({
        ...batch.position,
        updatedAt: batch.time,
        contentAs,
      }).flatMap(([field, value]) => [field, `${value}`]),
    );
    if (stream || publish) {
      const news = {...batch, commits: batch.commits?.map(encodeCommit)};
      if (stream) {
        addCommits(write, news, {keys, maxLength});
      }
      if (publish) {
        publishNews(write, news, keys);
      }
    }
    return write.compose(batch.after, contentAs, oldTables?.length);
  };

  return createSink({
    wantsEachCommit: !!stream,

    read: (room) => readRoom[contentAs](redis, getKeys(room)),

    write: async (batch) => {
      const keys = getKeys(batch.room);
      const oldTables = batch.commits
        ? undefined
        : await redis.smembers(keys.tables);
      const args = compose(batch, keys, oldTables);
      // In another slot, so not by the script: before it, as none may be missing.
      await redis.sadd(roomsKey, escapeName(batch.room));
      return (await redis.call('EVAL', args)) === 1;
    },

    listRooms: async () => {
      const rooms = (await redis.smembers(roomsKey)).map(unescapeName);
      const known: string[] = [];
      for (let at = 0; at < rooms.length; at += ROOMS_AT_ONCE) {
        const some = rooms.slice(at, at + ROOMS_AT_ONCE);
        const answers = await Promise.all(
          some.map((room) => hasRoom(redis, getKeys(room), contentAs)),
        );
        known.push(...some.filter((_, index) => answers[index]));
      }
      return known;
    },
  });
};
