/** Where the rooms of the bench are mirrored to, and how others see them there. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {
  openKysely,
  type Place,
  type SqlPlaceKind,
} from '../test/support/chaos-sinks.js';
import {createDatabase} from '../test/support/databases.js';

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
      url: join(folder, 'bench.sqlite'),
      drop: () => rm(folder, {recursive: true, force: true}),
    };
  }
  return await createDatabase(kind == 'mariadb' ? 'mysql' : kind);
};

const createSqlPlace = async (
  kind: SqlPlaceKind,
  options: Place['options'],
): Promise<BenchPlace> => {
  const {url, drop} = await createUrl(kind);
  const place: Place = {kind, url, options};
  const db = openKysely(place);
  return {
    place,
    getOffset: async (room) => {
      const row = await db
        .selectFrom('documents')
        .select('offset')
        .where('room', '=', room)
        .executeTakeFirst();
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
  },
});

export const SINKS: {[name: string]: BenchSink} = {
  mariadb: createSqlSinks('mariadb', 'MariaDB'),
  postgres: createSqlSinks('postgres', 'PostgreSQL'),
  sqlite: createSqlSinks('sqlite', 'SQLite'),
};
