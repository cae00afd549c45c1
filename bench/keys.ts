/** How many keys of storage something writes or deletes. */
import type {StorageCounts} from '../test/rooms/observed-room.js';
import {changeCell, changeRows, DELETE_TABLE, deleteRow} from './changes.js';
import {type BenchRoom, createFilledRoom, openPair, request} from './room.js';
import type {Goal, Measure, Scenario} from './scenario.js';
import type {SubjectName} from './subjects.js';

/** The party of a subject whose storage is counted. */
export const getObservedParty = (subject: SubjectName): string =>
  `${subject.toLowerCase()}observed`;

const takeKeys = async ({url}: BenchRoom): Promise<number> => {
  const counts = JSON.parse(
    await request(`${url}/debug/counts`),
  ) as StorageCounts;
  return counts.keysWritten + counts.keysDeleted;
};

/** The keys of changes; `something` is of what the other client is told. */
export const countKeysOf = async (
  room: BenchRoom,
  changes: string,
  something: string,
): Promise<number> => {
  const pair = await openPair(room);
  // Awake: what comes first may be more than the change's own.
  await pair.change(changeCell('awake', 'yes'), 'yes');
  await takeKeys(room);
  await pair.change(changes, something);
  const keys = await takeKeys(room);
  pair.close();
  return keys;
};

const createScenario = (
  id: string,
  what: string,
  count: (room: BenchRoom) => Promise<number>,
  goal: Goal,
): Scenario => {
  const measure =
    (subject: SubjectName): Measure =>
    async (bench) =>
      await count(
        await createFilledRoom(bench, subject, {
          party: getObservedParty(subject),
        }),
      );
  return {
    id: `keys-${id}`,
    title: `Keys written or deleted by ${what}`,
    unit: 'keys',
    subjects: {ours: measure('ours'), tinybase: measure('tinybase')},
    goals: [goal],
    isCounted: true,
  };
};

export const KEYS: Scenario[] = [
  createScenario('put', 'a PUT of 100,000 cells', takeKeys, {atMost: 20}),
  createScenario(
    'cell',
    'a change of 1 cell',
    (room) => countKeysOf(room, changeCell('row1', 'token'), 'token'),
    {atMost: 1},
  ),
  createScenario(
    'rows',
    'a change of 100 rows',
    (room) => countKeysOf(room, changeRows(100, 'token'), 'token'),
    {atMost: 1},
  ),
  createScenario(
    'delete-row',
    'the deletion of a row',
    (room) => countKeysOf(room, deleteRow('row7'), 'row7'),
    {atMost: 1},
  ),
  createScenario(
    'delete-table',
    'the deletion of a table of 100,000 cells',
    (room) => countKeysOf(room, DELETE_TABLE, 'items'),
    {atMost: 1},
  ),
];
