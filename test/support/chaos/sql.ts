/** Databases of SQL as targets of chaos. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import type {Kysely} from 'kysely';
import type {Content} from 'tinybase';
import {expect} from 'vitest';
import type {HistoryRow} from './history.js';
import {openKysely, type SqlPlace} from './sinks.js';
import type {ChaosTarget, Kept} from './target.js';
import type {PrivateDatabase} from '../databases/private-database.js';
import {startPrivateMariadb} from '../databases/private-mariadb.js';
import {startPrivatePostgres} from '../databases/private-postgres.js';
import type {RandomInteger} from '../random-edits.js';
import {expectLines, readCatalog, readLines} from '../databases/sql-tables.js';
import {until} from '../until.js';

/** Drivers parse JSON, or do not. */
const parse = (json: any): any =>
  typeof json == 'string' ? JSON.parse(json) : json;

const toMs = (time: Date | string): number =>
  typeof time == 'string'
    ? Date.parse(`${time.replace(' ', 'T').replace('Z', '')}Z`)
    : time.getTime();

const toHistoryRow = (row: any): HistoryRow => {
  const {epoch, time, author} = row;
  const offset = Number(row.offset);
  const changes = parse(row.changes);
  return row.after == null
    ? {epoch, offset, content: changes[0].slice(0, 2)}
    : {
        epoch,
        after: Number(row.after),
        offset,
        ...(time == null ? {} : {time: toMs(time)}),
        ...(author == null ? {} : {author}),
        changes,
      };
};

const readDocument = async (db: Kysely<any>, room: string): Promise<any> =>
  await db
    .selectFrom('documents')
    .selectAll()
    .where('room', '=', room)
    .executeTakeFirst();

const read = async (db: Kysely<any>, room: string): Promise<Kept> => {
  const {epoch, offset, content} = await readDocument(db, room);
  const rows = await db
    .selectFrom('history')
    .selectAll()
    .where('room', '=', room)
    .orderBy('offset')
    .execute();
  return {
    epoch,
    offset: Number(offset),
    content: parse(content),
    history: rows.map(toHistoryRow),
  };
};

/** Expects each Row and Value to be there as well, and nothing else. */
const checkTables = async (
  db: Kysely<any>,
  {kind}: SqlPlace,
  {room, content}: {room: string; content: Content},
): Promise<void> => {
  const name = kind == 'mariadb' ? 'mysql' : kind;
  const catalog = await readCatalog(db, name);
  expect(await readLines(db, name, {room})).toEqual(
    expectLines(name, content, catalog),
  );
};

export type SqlTarget = ChaosTarget & {db: Kysely<any>};

const createTarget = (
  place: SqlPlace,
  more: Pick<ChaosTarget, 'lane' | 'close'>,
): SqlTarget => {
  const db = openKysely(place);
  return {
    place,
    db,
    lane: more.lane,
    getPosition: async (room) => {
      const row = await readDocument(db, room);
      return row && {epoch: row.epoch, offset: Number(row.offset)};
    },
    read: async (room) => {
      const kept = await read(db, room);
      await checkTables(db, place, {room, content: kept.content});
      return kept;
    },
    close: async () => {
      await db.destroy();
      await more.close();
    },
  };
};

const createOptions = (twoWay: boolean): SqlPlace['options'] => ({
  document: true,
  history: true,
  tabular: true,
  twoWay,
});

/** Is down for a while, at times. */
const crash = async (
  database: PrivateDatabase,
  random: RandomInteger,
): Promise<string> => {
  await database.kill();
  await sleep(random(2) ? 0 : random(1_500));
  await database.restart();
  return 'kills of the database';
};

const createServerTarget = async (
  kind: 'mariadb' | 'postgres',
  start: () => Promise<PrivateDatabase>,
  twoWay: boolean,
): Promise<SqlTarget> => {
  const database = await start();
  return createTarget(
    {kind, url: database.url, options: createOptions(twoWay)},
    {
      lane: {gapMs: 3_000, trouble: (random) => crash(database, random)},
      close: () => database.stop(),
    },
  );
};

export const createMariadbTarget = (twoWay = false): Promise<SqlTarget> =>
  createServerTarget('mariadb', startPrivateMariadb, twoWay);

export const createPostgresTarget = (twoWay = false): Promise<SqlTarget> =>
  createServerTarget('postgres', startPrivatePostgres, twoWay);

/** There is no server to be killed: somebody else locks the file. */
export const createSqliteTarget = async (
  twoWay = false,
): Promise<SqlTarget> => {
  const folder = await mkdtemp(join(tmpdir(), 'chaos-sqlite-'));
  const path = join(folder, 'test.sqlite');
  const locker = new Sqlite(path, {timeout: 0});
  return createTarget(
    {kind: 'sqlite', url: `sqlite:${path}`, options: createOptions(twoWay)},
    {
      lane: {
        gapMs: 2_000,
        trouble: async (random) => {
          // Throws while it is written to.
          await until(() => locker.exec('BEGIN IMMEDIATE'));
          await sleep(random(1_000));
          locker.exec('ROLLBACK');
          return 'locks of the database';
        },
      },
      close: async () => {
        locker.close();
        await rm(folder, {recursive: true, force: true});
      },
    },
  );
};
