/** The Redis sink keeps its promise on a cluster: one node has all slots. */
import {Cluster, Redis} from 'ioredis';
import {afterAll, beforeAll, describe, test} from 'vitest';
import {sinkContract} from '../../src/mirror/contract/index.js';
import {createRedisSink} from '../../src/mirror/redis/index.js';
import {findFreePort} from '../support/free-port.js';
import {until} from '../support/until.js';
import {
  isRedisServerMissing,
  startRedisServer,
} from '../support/databases/redis-server.js';

describe.skipIf(isRedisServerMissing())('a cluster of Redis', () => {
  let cluster: Cluster;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    const server = await startRedisServer([
      ...['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'],
      ...['--cluster-port', `${await findFreePort()}`],
    ]);
    ({stop} = server);
    const node = new Redis(server.port, '127.0.0.1');
    try {
      await node.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
      await until(async () =>
        (await node.cluster('INFO')).includes('cluster_state:ok'),
      );
    } finally {
      node.disconnect();
    }
    cluster = new Cluster([{port: server.port, host: '127.0.0.1'}]);
  });

  afterAll(async () => {
    cluster?.disconnect();
    await stop?.();
  });

  let prefixes = 0;
  for (const contentAs of ['json', 'hashes'] as const) {
    describe(`with content as ${contentAs}`, () => {
      const cases = sinkContract(
        () => {
          const prefix = `p${prefixes++}:`;
          return {
            createSink: () =>
              createRedisSink({redis: cluster, prefix, contentAs}),
          };
        },
        {cells: 2_000, randomBatches: 50},
      );
      for (const {name, run} of cases) {
        test(name, run);
      }
    });
  }
});
