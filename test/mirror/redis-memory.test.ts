/** A Redis that is out of memory takes all of a batch or nothing. */
import {Redis} from 'ioredis';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {ModelRoom} from '../../src/mirror/contract/model-room.js';
import {createRedisSink} from '../../src/mirror/redis/index.js';
import {
  isRedisServerMissing,
  startRedisServer,
} from '../support/databases/redis-server.js';

describe.skipIf(isRedisServerMissing())('Redis out of memory', () => {
  let redis: Redis;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    const server = await startRedisServer([
      ...['--maxmemory', '4mb', '--maxmemory-policy', 'noeviction'],
    ]);
    ({stop} = server);
    redis = new Redis(server.port, '127.0.0.1');
  });
  afterAll(async () => {
    redis?.disconnect();
    await stop?.();
  });

  test.each(['json', 'hashes'] as const)('%s', async (contentAs) => {
    await redis.flushall();
    const sink = createRedisSink({redis, contentAs});
    const room = new ModelRoom('room').commit((store) =>
      store.setValue('rows', 0),
    );
    let failures = 0;
    for (let row = 0; row < 200 && !failures; row++) {
      const batch = room.createBatch();
      try {
        expect(await sink.write(batch)).toBe(true);
        room.accept(batch);
        room.commit((store) => {
          store.setCell('rows', `${row}`, 'long', 'x'.repeat(50_000));
          store.setValue('rows', row);
        });
      } catch (error) {
        failures++;
        expect(String(error)).toMatch(/OOM/);
      }
      const state = await sink.read('room');
      expect(state).toEqual({...room.written, content: room.writtenContent});
    }
    expect(failures).toBe(1);
    await redis.config('SET', 'maxmemory', '0');
    expect(await sink.write(room.createBatch())).toBe(true);
    await redis.config('SET', 'maxmemory', '4mb');
  });
});
