/** What rooms keep on the heap while they are awake. */
import {changeCell} from './changes.js';
import {connectInspector} from './inspector.js';
import {
  type BenchRoom,
  createFilledRoom,
  createRoom,
  fillRoom,
  openPair,
} from './room.js';
import type {Bench, Measure, Scenario} from './scenario.js';
import {type SubjectName, TITLES} from './subjects.js';
import {findWorkerd} from './workerd.js';

const SIZES = [10_000, 100_000, 1_000_000];
const MEGABYTE = 1_000_000;

const wake = async (room: BenchRoom): Promise<() => void> => {
  const pair = await openPair(room);
  await pair.change(changeCell('row', 'awake'), 'awake');
  return pair.close;
};

/** The heap of a room that has woken and taken a change, in megabytes. */
const measureHeap =
  (subject: SubjectName, share = 1): Measure =>
  async (bench: Bench) => {
    const {dev} = bench;
    const cells = Math.max(bench.cells * share, 10);
    const room = await createFilledRoom(bench, subject, {cells});
    // Without what the PUT has left behind.
    await dev.restart();
    const other = createRoom(bench, subject);
    await fillRoom(other, 10);
    const leaveOther = await wake(other);
    const inspector = await connectInspector(findWorkerd(dev.port).inspector);
    const before = await inspector.getHeapBytes();
    const leave = await wake(room);
    const after = await inspector.getHeapBytes();
    inspector.close();
    leave();
    leaveOther();
    return Math.max(after - before, 0) / MEGABYTE;
  };

export const MEMORY: Scenario[] = [
  {
    id: 'memory',
    title: 'Heap of an awake room of 100,000 cells',
    unit: 'MB',
    subjects: {
      ours: measureHeap('ours'),
      oursHooks: measureHeap('oursHooks'),
      tinybase: measureHeap('tinybase'),
    },
    goals: [{atMost: 60}, {of: 'oursHooks', atMost: 60}],
    isCounted: true,
  },
  {
    id: 'memory-growth',
    title: 'Heap of an awake room with a hook',
    unit: 'MB',
    subjects: Object.fromEntries(
      SIZES.map((cells) => [
        `cells${cells}`,
        measureHeap('oursHooks', cells / 100_000),
      ]),
    ),
    titles: Object.fromEntries(
      SIZES.map((cells) => [
        `cells${cells}`,
        `${TITLES.ours}, ${cells.toLocaleString('en')} cells`,
      ]),
    ),
    goals: [],
    isCounted: true,
  },
];
