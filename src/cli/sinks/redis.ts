/** Redis, by ioredis. */
import {setTimeout} from 'node:timers/promises';
import type {Sink} from '../../mirror/sink.js';
import {UsageError} from '../errors.js';
import {importDriver} from '../import-driver.js';
import {ownConnection, type SinkChoice} from './choice.js';

const OPEN_MS = 15_000;

/** ioredis waits without end for a server that takes connections and is silent. */
const withinTime = async (connecting: Promise<void>): Promise<void> => {
  const late = new AbortController();
  const deadline = setTimeout(OPEN_MS, undefined, {signal: late.signal}).then(
    () => {
      throw new Error(`Redis has not answered within ${OPEN_MS / 1_000} s.`);
    },
  );
  // Nobody waits for the one that comes second.
  deadline.catch(() => {});
  try {
    await Promise.race([connecting, deadline]);
  } finally {
    late.abort();
  }
};

export const openRedis = async (
  url: string,
  {history, tabular, twoWay, prefix, onError}: SinkChoice,
): Promise<Sink> => {
  if (twoWay) {
    throw new UsageError('--two-way goes with SQL databases alone.');
  }
  const {Redis} = await importDriver(['ioredis'], () => import('ioredis'));
  const {createRedisSink} = await import('../../mirror/redis/index.js');
  const redis = new Redis(url, {lazyConnect: true});
  // Of each attempt to connect; without a listener they would be printed.
  redis.on('error', onError);
  const sink = createRedisSink({
    redis,
    contentAs: tabular ? 'hashes' : 'json',
    ...(history ? {} : {stream: false}),
    ...(prefix === undefined ? {} : {prefix}),
  });
  return ownConnection(sink, {
    // To be told at once where it is not there.
    connect: () => withinTime(redis.connect()),
    disconnect: async () => {
      redis.disconnect();
    },
  });
};
