/** How long a change waits while a large room makes less of its log. */
import type {StorageCounts} from '../test/rooms/observed-room.js';
import {CHANGED, createPushes} from './content.js';
import {getObservedParty} from './keys.js';
import type {StreamResult} from './load/pump.js';
import {createFilledRoom, openPair, request, wakeRoom} from './room.js';
import {oncePerRound, type Scenario} from './scenario.js';
import {ONE_IN_FLIGHT, stream} from './streams.js';

/** Longer than the compaction of as much takes. */
const COMPACTION_MS = 12_000;
/** Of the Cells, how many have to change for the log to be outgrown. */
const SHARE = 0.35;
/** At once, for a compaction not to begin before all are there. */
const PUSHES_AT_ONCE = 8;

type Latencies = {resting: StreamResult; compacting: StreamResult};

const measure = oncePerRound(async (bench): Promise<Latencies> => {
  const cells = bench.cells * 10;
  const room = await createFilledRoom(bench, 'ours', {
    party: getObservedParty('ours'),
    cells,
  });
  const countDeleted = async () => {
    const counts: StorageCounts = JSON.parse(
      await request(`${room.url}/debug/counts`),
    );
    return counts.keysDeleted;
  };
  await wakeRoom(room);
  const resting = await stream(bench, room, ONE_IN_FLIGHT);
  const pair = await openPair(room);
  const pushes = createPushes(cells * SHARE);
  while (pushes.length) {
    await Promise.all(
      pushes
        .splice(0, PUSHES_AT_ONCE)
        .map((push) => pair.change(push, CHANGED)),
    );
  }
  await countDeleted();
  const compacting = await stream(bench, room, ONE_IN_FLIGHT, {
    warmUpMs: 0,
    measureMs: bench.isSmoke ? 100 : COMPACTION_MS,
  });
  pair.close();
  if (!bench.isSmoke && !(await countDeleted())) {
    throw new Error('no compaction has come to its end');
  }
  return {resting, compacting};
});

const createScenario = (
  id: string,
  title: string,
  figure: 'p50Ms' | 'maxMs',
): Scenario => ({
  id,
  title,
  unit: 'ms',
  subjects: {
    ours: async (bench) => (await measure(bench)).compacting[figure],
    resting: async (bench) => (await measure(bench)).resting[figure],
  },
  titles: {resting: 'the same room, while it compacts nothing'},
  goals: [],
});

export const COMPACTION: Scenario[] = [
  createScenario(
    'compaction',
    '1 in flight while a room of 1,000,000 cells compacts, median',
    'p50Ms',
  ),
  createScenario(
    'compaction-worst',
    '1 in flight while a room of 1,000,000 cells compacts, longest',
    'maxMs',
  ),
];
