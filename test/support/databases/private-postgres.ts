/** A PostgreSQL of a test's own. */
import {readdirSync} from 'node:fs';
import {chown, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import pg from 'pg';
import {
  type DatabaseServer,
  isServerMissing,
  type PrivateDatabase,
  startPrivateDatabase,
} from './private-database.js';
import {run} from '../run.js';

const VERSIONS = '/usr/lib/postgresql';

const findBin = (name: string): string => {
  const [newest] = readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a));
  return `${VERSIONS}/${newest}/bin/${name}`;
};

// It does not run as root.
const isRoot = process.getuid?.() === 0;
const AS_USER = isRoot
  ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups']
  : [];

const demand = async (command: string[]): Promise<string> => {
  const [name, ...args] = command;
  const {exitCode, output} = await run(name!, args, '/');
  if (exitCode) {
    throw new Error(`${command.join(' ')}: ${output}`);
  }
  return output;
};

const getId = async (which: '-u' | '-g'): Promise<number> =>
  Number(await demand(['id', which, 'postgres']));

const getData = (folder: string): string => join(folder, 'data');

const SERVER: DatabaseServer = {
  name: 'postgres',

  install: async (folder) => {
    if (isRoot) {
      await chown(folder, await getId('-u'), await getId('-g'));
    }
    await demand([
      ...[...AS_USER, findBin('initdb'), '--pgdata', getData(folder)],
      ...['--username=postgres', '--auth=trust', '--encoding=UTF8'],
      // Of what is made here alone: the server itself has fsync on.
      ...['--locale=C.UTF-8', '--no-sync'],
    ]);
  },

  getCommand: (folder, port) => [
    ...[...AS_USER, findBin('postgres'), '-D', getData(folder)],
    ...['-p', `${port}`, '-k', folder, '-h', '127.0.0.1'],
  ],

  getUrl: (port) => `postgres://postgres@127.0.0.1:${port}/postgres`,

  ask: async (connectionString) => {
    const client = new pg.Client({
      connectionString,
      connectionTimeoutMillis: 3_000,
    });
    // Told of what `connect` rejects with, too.
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query('SELECT 1');
    } finally {
      await client.end();
    }
  },

  // Each connection has a process in a session of its own, and would come to
  // the end of its query. Stopped, the first one starts no other meanwhile.
  killOthers: async (folder) => {
    const text = await readFile(
      join(getData(folder), 'postmaster.pid'),
      'utf8',
    ).catch(() => '');
    const pid = Number.parseInt(text, 10);
    if (!pid) {
      return;
    }
    signal(pid, 'SIGSTOP');
    const children = await readFile(
      `/proc/${pid}/task/${pid}/children`,
      'utf8',
    );
    for (const child of children.split(' ').filter(Boolean)) {
      signal(Number(child), 'SIGKILL');
    }
  },
};

/** It may have ended just before. */
const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code != 'ESRCH') {
      throw error;
    }
  }
};

export const startPrivatePostgres = (): Promise<PrivateDatabase> =>
  startPrivateDatabase(SERVER);

export const isPostgresMissing = (): boolean => isServerMissing(VERSIONS);
