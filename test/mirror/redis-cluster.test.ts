/** The Redis sink keeps its promise on a cluster: one node has all slots. */
import {type ChildProcess, spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Cluster, Redis} from 'ioredis';
import {afterAll, beforeAll, describe, test} from 'vitest';
import {sinkContract} from '../../src/mirror/contract/index.js';
import {createRedisSink} from '../../src/mirror/redis/index.js';
import {cleanUpAtExit} from '../support/at-exit.js';
import {findFreePort} from '../support/free-port.js';
import {until} from '../support/until.js';

const isServerMissing = (): boolean => {
  if (spawnSync('redis-server', ['--version']).status === 0) {
    return false;
  }
  const problem = 'no command redis-server: install Redis';
  if (process.env.REQUIRE_DATABASES === '1') {
    throw new Error(`REQUIRE_DATABASES=1, but ${problem}`);
  }
  process.stderr.write(`\nTESTS OF A REDIS CLUSTER SKIPPED: ${problem}.\n\n`);
  return true;
};

describe.skipIf(isServerMissing())('a cluster of Redis', () => {
  let server: ChildProcess;
  let cluster: Cluster;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'redis-cluster-'));
    const [port, busPort] = [await findFreePort(), await findFreePort()];
    server = spawn(
      'redis-server',
      [
        ...['--port', `${port}`, '--bind', '127.0.0.1', '--save', ''],
        ...['--cluster-enabled', 'yes', '--cluster-port', `${busPort}`],
        ...['--cluster-announce-ip', '127.0.0.1', '--dir', folder],
      ],
      {stdio: 'ignore'},
    );
    cleanUpAtExit(() => server.kill('SIGKILL'));
    const node = new Redis(port, '127.0.0.1', {retryStrategy: () => 20});
    node.on('error', () => {});
    try {
      await until(() => node.ping());
      await node.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
      await until(async () =>
        (await node.cluster('INFO')).includes('cluster_state:ok'),
      );
    } finally {
      node.disconnect();
    }
    cluster = new Cluster([{port, host: '127.0.0.1'}]);
  });

  afterAll(async () => {
    cluster?.disconnect();
    if (server.exitCode === null) {
      server.kill('SIGKILL');
      await once(server, 'exit');
    }
    await rm(folder, {recursive: true});
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
