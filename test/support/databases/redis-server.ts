/** A Redis server of a test's own, where the shared one cannot be set up so. */
import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Redis} from 'ioredis';
import {cleanUpAtExit} from '../at-exit.js';
import {findFreePort} from '../free-port.js';
import {until} from '../until.js';

/** Like `isDatabaseMissing`, of the command that starts a server. */
export const isRedisServerMissing = (): boolean => {
  if (spawnSync('redis-server', ['--version']).status === 0) {
    return false;
  }
  const problem = 'no command redis-server: install Redis';
  if (process.env.REQUIRE_DATABASES === '1') {
    throw new Error(`REQUIRE_DATABASES=1, but ${problem}`);
  }
  process.stderr.write(`\nTESTS OF A REDIS SERVER SKIPPED: ${problem}.\n\n`);
  return true;
};

/** Starts a server that keeps nothing on disk, with more options. */
export const startRedisServer = async (
  options: string[],
): Promise<{port: number; stop: () => Promise<void>}> => {
  const folder = await mkdtemp(join(tmpdir(), 'redis-server-'));
  const port = await findFreePort();
  const server = spawn(
    'redis-server',
    [
      ...['--port', `${port}`, '--bind', '127.0.0.1', '--save', ''],
      ...['--dir', folder, ...options],
    ],
    {stdio: 'ignore'},
  );
  const forget = cleanUpAtExit(() => server.kill('SIGKILL'));
  const stop = async (): Promise<void> => {
    if (server.exitCode === null && server.signalCode === null) {
      server.kill('SIGKILL');
      await once(server, 'exit');
    }
    forget();
    await rm(folder, {recursive: true});
  };
  const redis = new Redis(port, '127.0.0.1', {retryStrategy: () => 20});
  redis.on('error', () => {});
  try {
    await until(() => redis.ping());
  } catch (error) {
    await stop();
    throw error;
  } finally {
    redis.disconnect();
  }
  return {port, stop};
};
