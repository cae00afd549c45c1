/** What storage and a month cost, counted on storage in memory. */
import type {CostOptions, CostResult} from './load/costs.js';
import type {Usage} from './load/counted-storage.js';
import {
  type Billed,
  getDollars,
  MESSAGES_A_REQUEST,
  OBJECT_GB,
  PRICES,
} from './prices.js';
import {runLoad} from './run-load.js';
import {
  type Bench,
  type Measure,
  oncePerRound,
  type Scenario,
} from './scenario.js';

type Half = CostOptions['half'];
/** How objects store, which is how they are billed. */
type Backing = 'sqlite' | 'kv';

const HALVES: Half[] = ['ours', 'tinybase'];

const BILLED: {[backing in Backing]: (keyof Usage)[]} = {
  sqlite: ['rowsRead', 'rowsWritten'],
  kv: ['readUnits', 'writeUnits', 'deletes'],
};

const countAll = (half: Half, options: Omit<CostOptions, 'half'>) =>
  oncePerRound(async (bench: Bench) => {
    const share = bench.isSmoke ? 1 / 100 : 1;
    return await runLoad<CostOptions, CostResult>(bench, 'costs', {
      half,
      ...options,
      changes: options.changes * share,
      changesBefore: options.changesBefore * share,
    });
  });

type Counting = ReturnType<typeof countAll>;

const countHalves = (
  options: Omit<CostOptions, 'half'>,
): {[half in Half]: Counting} => ({
  ours: countAll('ours', options),
  tinybase: countAll('tinybase', {...options, changesBefore: 0}),
});

const CHANGES = 10_000;
const OF_TEN = {
  people: 10,
  changes: CHANGES,
  // More than the log that is kept for catching up.
  changesBefore: 20_000,
  sleeps: false,
};

const createScenarios = (cells: number): Scenario[] => {
  const counted = countHalves({...OF_TEN, cells});
  const title = `a Store of ${cells.toLocaleString('en')} cells`;
  const create = (
    what: keyof CostResult,
    [part, of]: [id: string, title: string],
    names: (keyof Usage)[],
    unit: string,
  ): Scenario => ({
    id: `cost-${part}-${cells}`,
    title: `${of}, ${title}`,
    unit,
    subjects: Object.fromEntries(
      HALVES.map((half): [string, Measure] => [
        half,
        async (bench) => {
          const usage = (await counted[half](bench))[what];
          return names.reduce((sum, name) => sum + usage[name], 0);
        },
      ]),
    ),
    goals: [],
    isCounted: true,
  });
  const written = `${CHANGES.toLocaleString('en')} changes by 10 people`;
  return [
    create(
      'changes',
      ['rows-written', `${written}, SQLite`],
      ['rowsWritten'],
      'rows written',
    ),
    create(
      'changes',
      ['units-written', `${written}, key-value`],
      ['writeUnits', 'deletes'],
      'units written, and deletions',
    ),
    create(
      'changes',
      ['rows-read', `${written}, SQLite`],
      ['rowsRead'],
      'rows read',
    ),
    create(
      'wake',
      ['wake', 'A change to a sleeping room, SQLite'],
      ['rowsRead'],
      'rows read',
    ),
    create(
      'join',
      ['join', 'A client loads all of it from a sleeping room, SQLite'],
      ['rowsRead'],
      'rows read',
    ),
    create(
      'join',
      ['join-units', 'The same, key-value'],
      ['readUnits'],
      'units read',
    ),
  ];
};

/** What a month of docs/deploy.md’s second example is. */
const EXAMPLE = {
  rooms: 1_000,
  people: 5,
  /** Of a room in a day. */
  changes: 2_000,
  cells: 5_000,
  hours: 8,
  days: 30,
};
/** How often a client that is sent nothing asks whether the room is there. */
const HEARTBEAT_S = 45;
/** What Cloudflare's own examples say that a message keeps a room active. */
const MESSAGE_S = 0.01;

/** The room has slept before each change, and each person joins once a day. */
const OF_EXAMPLE = countHalves({
  people: EXAMPLE.people,
  cells: EXAMPLE.cells,
  changes: EXAMPLE.changes,
  changesBefore: 12_000,
  sleeps: true,
});

const countMonth = async (
  bench: Bench,
  half: Half,
  backing: Backing,
): Promise<{[what in Billed]?: number}> => {
  const {rooms, people, changes, hours, days} = EXAMPLE;
  const roomDays = rooms * days;
  const counted = await OF_EXAMPLE[half](bench);
  const heartbeats =
    half == 'ours' ? (people * hours * 3_600) / HEARTBEAT_S : 0;
  const messages = changes + heartbeats;
  // TinyBase's does not hibernate: it is active while anybody is connected.
  const activeS = half == 'ours' ? messages * MESSAGE_S : hours * 3_600;
  return {
    // A socket and a GET each.
    requests: roomDays * (2 * people + messages / MESSAGES_A_REQUEST),
    duration: roomDays * activeS * OBJECT_GB,
    ...Object.fromEntries(
      BILLED[backing].map((name) => {
        const ofChanges = counted.changes[name] * (bench.isSmoke ? 100 : 1);
        const perDay = ofChanges + people * counted.join[name];
        return [name, roomDays * perDay];
      }),
    ),
  };
};

const NAMES: {[what in Billed]: string} = {
  requests: 'requests',
  duration: 'GB-s active',
  rowsRead: 'rows read',
  rowsWritten: 'rows written',
  readUnits: 'units read',
  writeUnits: 'units written',
  deletes: 'deletions',
};

const BACKINGS: {[backing in Backing]: string} = {
  sqlite: 'SQLite',
  kv: 'key-value storage',
};

const createMonth = (backing: Backing): Scenario[] => {
  const {rooms, people, changes} = EXAMPLE;
  const create = (
    id: string,
    title: string,
    unit: string,
    get: (used: {[what in Billed]?: number}) => number,
  ): Scenario => ({
    id: `month-${backing}-${id}`,
    title,
    unit,
    subjects: Object.fromEntries(
      HALVES.map((half): [string, Measure] => [
        half,
        async (bench) => get(await countMonth(bench, half, backing)),
      ]),
    ),
    goals: [],
    isCounted: true,
  });
  const billed: Billed[] = ['requests', 'duration', ...BILLED[backing]];
  return [
    create(
      'dollars',
      `A month of ${rooms.toLocaleString('en')} rooms of ${people} people with ` +
        `${changes.toLocaleString('en')} changes a day, ${BACKINGS[backing]}`,
      '$ beside the plan',
      getDollars,
    ),
    ...billed.map((what) =>
      create(
        what,
        `Of it, ${BACKINGS[backing]}: ${NAMES[what]}, at $${PRICES[what].dollars} a million`,
        'millions',
        (used) => used[what]! / 1_000_000,
      ),
    ),
  ];
};

export const COSTS: Scenario[] = [
  ...createScenarios(5_000),
  ...createScenarios(50_000),
  ...createMonth('sqlite'),
  ...createMonth('kv'),
];
