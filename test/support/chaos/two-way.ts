/** Somebody who edits a database while it is mirrored, and what has to come of it. */
import {setTimeout as sleep} from 'node:timers/promises';
import {type Kysely, sql} from 'kysely';
import type {Content} from 'tinybase';
import {expect} from 'vitest';
import type {HistoryCommit} from './history.js';
import {getPendingCount, startClient} from '../halves.js';
import {createRandomInteger, type RandomInteger} from '../random-edits.js';
import type {TestRoom} from '../test-room.js';
import {until} from '../until.js';

const TABLES = ['pets', 'species', 'owners'];
const COLUMNS = ['a', 'b', 'c'];
const ROWS = ['r1', 'r2', 'r3', 'r4'];

/** With all tables and columns that are edited, which are there from then on. */
export const TWO_WAY_CONTENT: Content = [
  {
    jobs: {first: {number: 0}},
    ...Object.fromEntries(
      TABLES.map((id) => [id, {r1: {a: 'a', b: 'b', c: 'c'}}]),
    ),
  },
  {},
];

/** Rows that are inserted once, of which the room deletes each as it comes. */
type Jobs = {
  certain: Set<string>;
  /** The database died before it had answered. */
  doubtful: Set<string>;
};

export type Editor = {
  getEditCount(): number;
  /** Resolves when the room has all that was edited. */
  stop(): Promise<void>;
  check(commits: HistoryCommit[], content: Content): Promise<void>;
};

const editRow = async (
  db: Kysely<any>,
  random: RandomInteger,
  {room, edit}: {room: string; edit: number},
): Promise<void> => {
  const table = TABLES[random(TABLES.length)]!;
  const column = COLUMNS[random(COLUMNS.length)]!;
  const row = ROWS[random(ROWS.length)]!;
  const edits: [weight: number, apply: () => Promise<unknown>][] = [
    [
      6,
      () =>
        db
          .updateTable(table)
          .set({[column]: `sql ${edit}`})
          .where('room', '=', room)
          .where('row_id', '=', row)
          .execute(),
    ],
    [
      2,
      () =>
        db
          .updateTable(table)
          .set({[column]: random(2) ? null : `all ${edit}`})
          .where('room', '=', room)
          .execute(),
    ],
    [
      2,
      () =>
        db
          .deleteFrom(table)
          .where('room', '=', room)
          .where('row_id', '=', row)
          .execute(),
    ],
    [
      2,
      () =>
        db
          .insertInto(table)
          .values({room, row_id: `sql ${edit}`, [column]: `new ${edit}`})
          .execute(),
    ],
    [
      2,
      () =>
        db.transaction().execute(async (trx) => {
          for (const each of COLUMNS) {
            await trx
              .updateTable(table)
              .set({[each]: `${each} of ${edit}`})
              .where('room', '=', room)
              .where('row_id', '=', row)
              .execute();
          }
        }),
    ],
  ];
  let left = random(edits.reduce((sum, [weight]) => sum + weight, 0));
  await edits.find(([weight]) => (left -= weight) < 0)![1]();
};

/** Deletes each job that it sees, at once or a while later. */
const startConsumer = async (
  room: TestRoom,
  random: RandomInteger,
): Promise<() => Promise<void>> => {
  const client = await startClient('ours', room, {
    socket: {minReconnectionDelay: 20, maxReconnectionDelay: 200},
  });
  const {store} = client;
  const consume = (rowId: string) =>
    void sleep(random(200)).then(() => store.delRow('jobs', rowId));
  store.addRowListener('jobs', null, (_, __, rowId) => {
    if (rowId != 'first' && store.hasRow('jobs', rowId)) {
      consume(rowId);
    }
  });
  return async () => {
    await until(
      () => store.getRowIds('jobs').length <= 1 && !getPendingCount(client),
      {timeoutMs: 60_000, message: 'all jobs are done'},
    );
    await client.destroy();
  };
};

const checkJobs = (jobs: Jobs, commits: HistoryCommit[]): void => {
  const counts = new Map<string, number>();
  for (const {changes} of commits) {
    for (const [{jobs: rows}] of changes as any) {
      for (const [rowId, row] of Object.entries<any>(rows ?? {})) {
        if (row.number !== undefined) {
          counts.set(rowId, (counts.get(rowId) ?? 0) + 1);
        }
      }
    }
  }
  for (const rowId of jobs.certain) {
    expect([rowId, counts.get(rowId)]).toEqual([rowId, 1]);
  }
  for (const [rowId, count] of counts) {
    expect([rowId, count]).toEqual([rowId, 1]);
    expect(jobs.certain.has(rowId) || jobs.doubtful.has(rowId)).toBe(true);
  }
};

export const startEditor = async (
  db: Kysely<any>,
  room: TestRoom,
  seed: number,
): Promise<Editor> => {
  const random = createRandomInteger(seed * 10_000);
  const jobs: Jobs = {certain: new Set(), doubtful: new Set()};
  const stopping = new AbortController();
  const {signal} = stopping;
  const stopConsumer = await startConsumer(
    room,
    createRandomInteger(seed * 10_000 + 1),
  );
  let edits = 0;

  const addJob = async (number: number): Promise<void> => {
    const rowId = `job${number}`;
    jobs.doubtful.add(rowId);
    await db
      .insertInto('jobs')
      .values({room: room.name, row_id: rowId, number})
      .execute();
    jobs.doubtful.delete(rowId);
    jobs.certain.add(rowId);
  };

  const run = async (): Promise<void> => {
    for (let edit = 1; !signal.aborted; edit++) {
      try {
        await (random(3)
          ? editRow(db, random, {room: room.name, edit})
          : addJob(edit));
        edits++;
      } catch {
        // It is down; or the edit met another one.
        await sleep(100);
      }
      await sleep(random(50));
    }
  };
  const running = run();

  const isAllPushed = async (): Promise<boolean> => {
    const {rows} = await sql<{count: number | string}>`
      select (select count(*) from mirror_outbox)
        + (select count(*) from mirror_pushes where changes is not null)
        as count`.execute(db);
    return Number(rows[0]!.count) == 0;
  };

  return {
    getEditCount: () => edits,
    stop: async () => {
      stopping.abort();
      await running;
      const pushed = {timeoutMs: 60_000, message: 'all edits are pushed'};
      await until(isAllPushed, pushed);
      await stopConsumer();
      await until(isAllPushed, pushed);
    },
    check: async (commits, [tables]) => {
      checkJobs(jobs, commits);
      expect(Object.keys(tables.jobs ?? {})).toEqual(['first']);
      expect(await isAllPushed()).toBe(true);
      expect(jobs.certain.size).toBeGreaterThan(edits / 10);
    },
  };
};
