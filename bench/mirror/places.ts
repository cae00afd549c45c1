/** Where the rooms of the bench are mirrored to, and how others see them there. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Redis} from 'ioredis';
import {
  openKysely,
  type Place,
  type SqlPlace,
  type SqlPlaceKind,
} from '../../test/support/chaos/sinks.js';
import {
  createDatabase,
  createRedisKeys,
} from '../../test/support/databases/servers.js';

export type BenchPlace = {
  place: Place;
  /** By a connection of its own: how far a room is there; -1 where it is not. */
  getOffset(room: string): Promise<number>;
  remove(): Promise<void>;
};

export type BenchSink = {
  title: string;
  /** By what it keeps. */
  modes: {[mode: string]: () => Promise<BenchPlace>};
};

const createUrl = async (
  kind: SqlPlaceKind,
): Promise<{url: string; drop(): Promise<void>}> => {
  if (kind == 'sqlite') {
    const folder = await mkdtemp(join(tmpdir(), 'bench-sqlite-'));
    return {
      url: `sqlite:${join(folder, 'bench.sqlite')}`,
      drop: () => rm(folder, {recursive: true, force: true}),
    };
  }
  return await createDatabase(kind == 'mariadb' ? 'mysql' : kind);
};

const createSqlPlace = async (
  kind: SqlPlaceKind,
  options: SqlPlace['options'],
): Promise<BenchPlace> => {
  const {url, drop} = await createUrl(kind);
  const place: SqlPlace = {kind, url, options};
  const db = openKysely(place);
  return {
    place,
    getOffset: async (room) => {
      const row = await db
        .selectFrom('documents')
        .select('offset')
        .where('room', '=', room)
        .executeTakeFirst()
        .catch((error) => {
          // It is just being written to.
          if (error.code != 'SQLITE_BUSY') {
            throw error;
          }
          return undefined;
        });
      return row ? Number(row.offset) : -1;
    },
    remove: async () => {
      await db.destroy();
      await drop();
    },
  };
};

const createSqlSinks = (kind: SqlPlaceKind, title: string): BenchSink => ({
  title,
  modes: {
    document: () => createSqlPlace(kind, {}),
    history: () => createSqlPlace(kind, {history: true}),
    tabular: () => createSqlPlace(kind, {tabular: true}),
  },
});

const createRedisPlace = async (
  contentAs: 'json' | 'hashes',
  stream?: false,
): Promise<BenchPlace> => {
  const {prefix, url, remove} = createRedisKeys();
  const redis = new Redis(url);
  return {
    place: {
      kind: 'redis',
      url,
      options: {prefix, contentAs, ...(stream === false && {stream})},
    },
    getOffset: async (room) => {
      // As other keys of the room: one of the bench needs no escaping.
      const offset = await redis.hget(`${prefix}{${room}}:position`, 'offset');
      return offset === null ? -1 : Number(offset);
    },
    remove: async () => {
      redis.disconnect();
      await remove();
    },
  };
};

export const SINKS: {[name: string]: BenchSink} = {
  mariadb: createSqlSinks('mariadb', 'MariaDB'),
  postgres: createSqlSinks('postgres', 'PostgreSQL'),
  sqlite: createSqlSinks('sqlite', 'SQLite'),
  redis: {
    title: 'Redis',
    modes: {
      document: () => createRedisPlace('json', false),
      hashes: () => createRedisPlace('hashes', false),
      'hashes, history': () => createRedisPlace('hashes'),
    },
  },
};
