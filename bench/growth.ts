/** What a change costs in rooms of more and more Cells. */
import {changeCell} from './changes.js';
import {countKeysOf, getObservedParty} from './keys.js';
import {type BenchRoom, createFilledRoom, wakeRoom} from './room.js';
import type {Bench, Goal, Scenario} from './scenario.js';
import {ONE_IN_FLIGHT, stream} from './streams.js';
import type {SubjectName} from './subjects.js';

const SIZES = [1_000, 10_000, 100_000, 1_000_000];

type Kind = {
  id: string;
  title: string;
  unit: string;
  /** Measures a room of that party. */
  measure: (bench: Bench, room: BenchRoom) => Promise<number>;
  getParty?: (subject: SubjectName) => string;
  /** How the largest is to compare to the smallest. */
  goal: Omit<Goal, 'of' | 'to'>;
};

const KINDS: Kind[] = [
  {
    id: 'latency',
    title: '1 in flight, median to another client',
    unit: 'ms',
    measure: async (bench, room) =>
      (await stream(bench, room, ONE_IN_FLIGHT)).p50Ms,
    goal: {atMost: 1.5},
  },
  {
    id: 'stream',
    title: '1 writer, 1 reader, 64 in flight',
    unit: 'changes/s',
    measure: async (bench, room) =>
      (await stream(bench, room, {...ONE_IN_FLIGHT, inFlight: 64}))
        .changesPerSecond,
    goal: {atLeast: 1 / 1.5},
  },
  {
    id: 'keys',
    title: 'keys written or deleted by a change of 1 cell',
    unit: 'keys',
    measure: (_bench, room) =>
      countKeysOf(room, changeCell('row1', 'token'), 'token'),
    getParty: getObservedParty,
    goal: {atMost: 1},
  },
];

/** Rooms that are filled once, however often they are measured. */
const rooms = new WeakMap<object, {[what: string]: Promise<BenchRoom>}>();

const getRoom = (
  bench: Bench,
  subject: SubjectName,
  party: string | undefined,
  cells: number,
): Promise<BenchRoom> => {
  const filled = rooms.get(bench.dev) ?? {};
  rooms.set(bench.dev, filled);
  return (filled[`${subject} ${party} ${cells}`] ??= createFilledRoom(
    bench,
    subject,
    // Its share of the largest, for a smoke run to be short.
    {party, cells: Math.max((cells * bench.cells) / 100_000, 10)},
  ));
};

const getName = (cells: number): string => `cells${cells}`;

const createScenario = (
  {id, title, unit, measure, getParty, goal}: Kind,
  subject: SubjectName,
): Scenario => ({
  id: `growth-${id}${subject == 'ours' ? '' : '-hooks'}`,
  title: `${title}, ${subject == 'ours' ? 'no hooks' : 'with a hook'}`,
  unit,
  subjects: Object.fromEntries(
    SIZES.map((cells) => [
      getName(cells),
      async (bench) => {
        const room = await getRoom(bench, subject, getParty?.(subject), cells);
        // It may have slept since it was measured last.
        await wakeRoom(room);
        return await measure(bench, room);
      },
    ]),
  ),
  titles: Object.fromEntries(
    SIZES.map((cells) => [
      getName(cells),
      `in a room of ${cells.toLocaleString('en')} cells`,
    ]),
  ),
  goals: [{of: getName(SIZES.at(-1)!), to: getName(SIZES[0]!), ...goal}],
  isCounted: unit == 'keys',
});

export const GROWTH: Scenario[] = (['ours', 'oursHooks'] as const).flatMap(
  (subject) => KINDS.map((kind) => createScenario(kind, subject)),
);
