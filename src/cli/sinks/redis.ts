/** Redis, by ioredis. */
import type {Sink} from '../../mirror/sink.js';
import {UsageError} from '../errors.js';
import {importDriver} from '../import-driver.js';
import {ownConnection, type SinkChoice} from './choice.js';

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
    connect: () => redis.connect(),
    disconnect: async () => {
      redis.disconnect();
    },
  });
};
