/** How much content a room gets along with in the memory of a Durable Object. */
import {until} from '../test/support/until.js';
import {changeCell} from './changes.js';
import {CHANGED, createPushes} from './content.js';
import {createLimitedWorkerd, type LimitedWorkerd} from './limited-workerd.js';
import {createRoom, fillRoom, openPair, request} from './room.js';
import {
  type Bench,
  type Measure,
  oncePerRound,
  type Scenario,
} from './scenario.js';
import {REPOSITORY} from './servers.js';
import type {SubjectName} from './subjects.js';

/** A Durable Object has 128 MB, heap and all else. */
const MAX_BYTES = 128_000_000;
/** The rest is for text in UTF-8, which is kept outside the heap. */
const HEAP_MB = 96;
/** Of the PUT's limit of 32,000,000 units 1,600,000 Cells make use. */
const MAX_CELLS = 1_600_000;
const MIN_CELLS = 12_500;
const BISECTIONS = 2;
const SETTLE_MS = 2_000;

const STEPS = ['put', 'get', 'change', 'compaction'] as const;
type Step = (typeof STEPS)[number];
/** The most memory at each step; none where the room died of it. */
type Peaks = {[step in Step]: number} | undefined;

const measurePeaks = async (
  workerd: LimitedWorkerd,
  subject: SubjectName,
  cells: number,
): Promise<Peaks> => {
  const room = createRoom({dev: workerd}, subject);
  const peaks = {} as {[step in Step]: number};
  const measure = async (step: Step, run: () => Promise<unknown>) => {
    await workerd.start();
    workerd.markPeak();
    await run();
    peaks[step] = workerd.getPeakBytes();
  };
  try {
    await measure('put', () => fillRoom(room, cells));
    await measure('get', () => request(`${room.url}/store`));
    await measure('change', async () => {
      const pair = await openPair(room);
      await pair.change(changeCell('row', 'token'), 'token');
      await request(`${room.url}/store`);
      pair.close();
    });
    await measure('compaction', async () => {
      const pair = await openPair(room);
      for (const push of createPushes(cells)) {
        await pair.change(push, CHANGED);
      }
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      await request(`${room.url}/store`);
      pair.close();
    });
    return peaks;
  } catch (error) {
    // Its sockets end before it does.
    await until(workerd.hasDied).catch(() => {
      throw error;
    });
    return undefined;
  }
};

type Fit = {cells: number; peaks: NonNullable<Peaks>};

const findLargest = async (
  {isSmoke, cells: large}: Bench,
  subject: SubjectName,
): Promise<{largest: Fit; large: Peaks}> => {
  const workerd = await createLimitedWorkerd(
    {
      ours: `${REPOSITORY}bench/rooms/ours.ts`,
      ourshooks: `${REPOSITORY}bench/rooms/ours-hooks.ts`,
    },
    HEAP_MB,
  );
  const measured = new Map<number, Promise<Peaks>>();
  const getPeaks = (cells: number): Promise<Peaks> => {
    const peaks = measured.get(cells) ?? measurePeaks(workerd, subject, cells);
    measured.set(cells, peaks);
    return peaks;
  };
  const tryOut = async (cells: number): Promise<Fit | undefined> => {
    const peaks = await getPeaks(cells);
    return peaks && Math.max(...Object.values(peaks)) <= MAX_BYTES
      ? {cells, peaks}
      : undefined;
  };
  try {
    if (isSmoke) {
      const peaks = (await getPeaks(large))!;
      return {largest: {cells: large, peaks}, large: peaks};
    }
    let largest: Fit | undefined;
    let tooLarge: number | undefined;
    for (let cells = MIN_CELLS; cells <= MAX_CELLS && !tooLarge; cells *= 2) {
      const fit = await tryOut(cells);
      largest = fit ?? largest;
      tooLarge = fit ? undefined : cells;
    }
    for (let i = 0; i < BISECTIONS && tooLarge && largest; i++) {
      const middle = Math.round(Math.sqrt(largest.cells * tooLarge));
      const fit = await tryOut(middle);
      largest = fit ?? largest;
      tooLarge = fit ? tooLarge : middle;
    }
    if (!largest) {
      throw new Error(`not even ${MIN_CELLS} Cells fit`);
    }
    return {largest, large: await getPeaks(large)};
  } finally {
    await workerd.stop();
  }
};

const FITS = {
  ours: oncePerRound((bench) => findLargest(bench, 'ours')),
  oursHooks: oncePerRound((bench) => findLargest(bench, 'oursHooks')),
};

const getPeak =
  (subject: keyof typeof FITS, step: Step): Measure =>
  async (bench) => {
    const {large} = await FITS[subject](bench);
    if (!large) {
      throw new Error('out of memory');
    }
    return large[step] / 1_000_000;
  };

const STEP_TITLES: {[step in Step]: string} = {
  put: 'PUT',
  get: 'first GET after a restart',
  change: 'first change after a restart, and a GET',
  compaction: 'all of it changed, compaction, and a GET',
};

const createPeaks = (subject: keyof typeof FITS, how: string): Scenario => ({
  id: `memory-peak${subject == 'ours' ? '' : '-hooks'}`,
  title: `Peak memory of a room of 100,000 cells, ${how}`,
  unit: 'MB',
  subjects: Object.fromEntries(
    STEPS.map((step) => [step, getPeak(subject, step)]),
  ),
  titles: STEP_TITLES,
  goals: [],
  isCounted: true,
});

export const FITTING: Scenario[] = [
  {
    id: 'fits',
    title: 'Content that a room manages in 128 MB, heap and buffers',
    unit: 'cells',
    subjects: {
      ours: async (bench) => (await FITS.ours(bench)).largest.cells,
      oursHooks: async (bench) => (await FITS.oursHooks(bench)).largest.cells,
    },
    goals: [],
    isCounted: true,
  },
  createPeaks('ours', 'no hooks'),
  createPeaks('oursHooks', 'with a hook'),
];
