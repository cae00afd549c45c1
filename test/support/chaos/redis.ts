/** Redis as a target of chaos. */
import {Redis} from 'ioredis';
import type {Content} from 'tinybase';
import type {HistoryRow} from './history.js';
import type {RedisPlace} from './sinks.js';
import type {ChaosTarget} from './target.js';
import {startPrivateRedis} from '../databases/private-redis.js';
import {until} from '../until.js';

/** Of the connections of mirrors. */
const NAME = 'chaos-mirror';
const PREFIX = 'chaos:';
/** Room and Tables have ids that need no escaping. */
const getKey = (room: string, name: string): string =>
  `${PREFIX}{${room}}:${name}`;

/** Cuts off all mirrors, which have sent something or not; counts those. */
const cutConnections = async (redis: Redis): Promise<number> => {
  const list = (await redis.client('LIST')) as string;
  const ids = list
    .split('\n')
    .filter((line) => line.includes(` name=${NAME} `))
    .map((line) => /^id=(\d+) /.exec(line)![1]!);
  for (const id of ids) {
    // It may have gone by itself.
    await redis.client('KILL', 'ID', id);
  }
  return ids.length;
};

const toFields = (list: string[]): Record<string, string> =>
  Object.fromEntries(
    list.flatMap((name, index) =>
      index % 2 ? [] : [[name, list[index + 1]!] as const],
    ),
  );

const toHistoryRow = (
  {
    epoch,
    after,
    offset,
    time,
    author,
    changes,
    replaced,
  }: Record<string, string>,
  content: Content,
): HistoryRow =>
  replaced === undefined
    ? {
        epoch: epoch!,
        after: Number(after),
        offset: Number(offset),
        ...(time === undefined ? {} : {time: Number(time)}),
        ...(author === undefined ? {} : {author}),
        changes: JSON.parse(changes!),
      }
    : {epoch: epoch!, offset: Number(offset), content};

const parseAll = (fields: Record<string, string>): any =>
  Object.fromEntries(
    Object.entries(fields).map(([id, json]) => [id, JSON.parse(json)]),
  );

const readContent = async (
  redis: Redis,
  room: string,
  contentAs: RedisPlace['options']['contentAs'],
): Promise<Content> => {
  if (contentAs == 'json') {
    return JSON.parse((await redis.get(getKey(room, 'content')))!);
  }
  const tables: Content[0] = {};
  for (const id of await redis.smembers(getKey(room, 'tables'))) {
    tables[id] = parseAll(await redis.hgetall(getKey(room, `table:${id}`)));
  }
  return [tables, parseAll(await redis.hgetall(getKey(room, 'values')))];
};

/** `first` is the room's content before it is mirrored: a Stream has no content. */
export const createRedisTarget = async (
  contentAs: 'json' | 'hashes',
  first: Content,
): Promise<ChaosTarget> => {
  const database = await startPrivateRedis();
  const redis = new Redis(database.url);
  // It comes back, and what was asked is asked again.
  redis.on('error', () => {});
  const options = {
    prefix: PREFIX,
    contentAs,
    stream: {maxLength: 10_000_000},
  };
  return {
    place: {kind: 'redis', url: database.url, name: NAME, options},
    lane: {
      gapMs: 1_500,
      trouble: async (random) => {
        if (random(2)) {
          // There are none while the mirrors start.
          await until(() => cutConnections(redis), {timeoutMs: 20_000});
          return 'cuts of connections';
        }
        await database.restart();
        return 'kills of the database';
      },
    },
    getPosition: async (room) => {
      const {epoch, offset} = await redis.hgetall(getKey(room, 'position'));
      return epoch === undefined ? undefined : {epoch, offset: Number(offset)};
    },
    read: async (room) => {
      const {epoch, offset} = await redis.hgetall(getKey(room, 'position'));
      const entries = await redis.xrange(getKey(room, 'commits'), '-', '+');
      return {
        epoch: epoch!,
        offset: Number(offset),
        content: await readContent(redis, room, contentAs),
        history: entries.map(([, list]) => toHistoryRow(toFields(list), first)),
      };
    },
    close: async () => {
      redis.disconnect();
      await database.stop();
    },
  };
};
