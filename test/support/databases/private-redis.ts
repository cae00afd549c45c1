/** A Redis of a test's own, which keeps what it has acknowledged. */
import {Redis} from 'ioredis';
import {
  type DatabaseServer,
  isServerMissing,
  type PrivateDatabase,
  startPrivateDatabase,
} from './private-database.js';

const COMMAND = '/usr/bin/redis-server';

const SERVER: DatabaseServer = {
  name: 'redis',

  install: async () => {},

  getCommand: (folder, port) => [
    ...[COMMAND, '--bind', '127.0.0.1', '--port', `${port}`],
    ...['--dir', folder, '--save', '', '--appendonly', 'yes'],
  ],

  getUrl: (port) => `redis://127.0.0.1:${port}`,

  ask: async (url) => {
    const redis = new Redis(url, {
      lazyConnect: true,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
    });
    // Told of what `connect` rejects with, too.
    redis.on('error', () => {});
    try {
      await redis.connect();
      await redis.ping();
    } finally {
      redis.disconnect();
    }
  },
};

export const startPrivateRedis = (): Promise<PrivateDatabase> =>
  startPrivateDatabase(SERVER);

export const isRedisMissing = (): boolean => isServerMissing(COMMAND);
