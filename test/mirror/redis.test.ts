/** The Redis sink keeps its promise on a real Redis. */
import {randomUUID} from 'node:crypto';
import {Redis} from 'ioredis';
import {afterAll, describe, test} from 'vitest';
import {sinkContract} from '../../src/mirror/contract/index.js';
import {createRedisSink} from '../../src/mirror/redis/index.js';
import {
  createRedisKeys,
  getDatabaseUrl,
  isDatabaseMissing,
} from '../support/databases/servers.js';

describe.skipIf(await isDatabaseMissing('redis'))('Redis', () => {
  const redis = new Redis(getDatabaseUrl('redis')!, {lazyConnect: true});
  const other = new Redis(getDatabaseUrl('redis')!, {lazyConnect: true});
  const keys = createRedisKeys();
  afterAll(async () => {
    redis.disconnect();
    other.disconnect();
    await keys.remove();
  });

  for (const contentAs of ['json', 'hashes'] as const) {
    describe(`with content as ${contentAs}`, () => {
      let sinks = 0;
      const cases = sinkContract(() => {
        const prefix = `${keys.prefix}${randomUUID()}:`;
        return {
          createSink: () =>
            createRedisSink({
              redis: sinks++ % 2 ? redis : other,
              prefix,
              contentAs,
            }),
        };
      });
      for (const {name, run} of cases) {
        test(name, run);
      }
    });
  }
});
