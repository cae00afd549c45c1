/** A MariaDB of a test's own. */
import {mkdir} from 'node:fs/promises';
import {userInfo} from 'node:os';
import {join} from 'node:path';
import mysql from 'mysql2/promise';
import {
  type DatabaseServer,
  isServerMissing,
  type PrivateDatabase,
  startPrivateDatabase,
} from './private-database.js';
import {run} from '../run.js';

// Not in the PATH of every user.
const COMMAND = '/usr/sbin/mariadbd';
const DATABASE = 'test';

const getData = (folder: string): string => join(folder, 'data');

// In a folder that is shared, servers delete the files of each other.
const getTmp = (folder: string): string => join(folder, 'tmp');

const getUrl = (port: number, database = DATABASE): string =>
  `mysql://root@127.0.0.1:${port}/${database}`;

// It runs as root where it is told to.
const getUser = (): string => `--user=${userInfo().username}`;

const SERVER: DatabaseServer = {
  name: 'mariadb',

  install: async (folder) => {
    await mkdir(getTmp(folder));
    const {exitCode, output} = await run('mariadb-install-db', [
      ...['--no-defaults', `--datadir=${getData(folder)}`, getUser()],
      ...['--auth-root-authentication-method=normal', '--skip-test-db'],
      ...['--innodb-log-file-size=10M', `--tmpdir=${getTmp(folder)}`],
    ]);
    if (exitCode) {
      throw new Error(`mariadb-install-db: ${output}`);
    }
  },

  getCommand: (folder, port) => [
    ...[COMMAND, '--no-defaults', getUser()],
    ...[`--datadir=${getData(folder)}`, `--pid-file=${join(folder, 'pid')}`],
    ...[`--socket=${join(folder, 'socket')}`, '--bind-address=127.0.0.1'],
    ...[`--port=${port}`, '--innodb-log-file-size=10M'],
    `--tmpdir=${getTmp(folder)}`,
  ],

  getUrl,

  ask: async (url) => {
    const connection = await mysql.createConnection(
      url.replace(/\w*$/, 'mysql'),
    );
    try {
      await connection.query(`CREATE DATABASE IF NOT EXISTS ${DATABASE}`);
    } finally {
      await connection.end();
    }
  },
};

export const startPrivateMariadb = (): Promise<PrivateDatabase> =>
  startPrivateDatabase(SERVER);

export const isMariadbMissing = (): boolean => isServerMissing(COMMAND);
