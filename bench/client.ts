/** How long the client takes, and what it costs in memory, beside a bare Store. */
import type {ClientOptions, ClientResult, ClientTask} from './load/client.js';
import type {
  ClientMemoryOptions,
  ClientMemoryResult,
} from './load/client-memory.js';
import type {ClientHalf} from './load/played-client.js';
import {runLoad} from './run-load.js';
import type {Measure, Scenario} from './scenario.js';

const HALVES: ClientHalf[] = ['ours', 'tinybase', 'bare'];

const time =
  (half: ClientHalf, task: ClientTask): Measure =>
  async (bench) =>
    (
      await runLoad<ClientOptions, ClientResult>(
        bench,
        'client',
        {
          half,
          task,
          cells: bench.cells,
          commitCells: bench.cells / 10,
          pending: bench.cells / 100,
          repeats: bench.isSmoke ? 1 : 7,
        },
        ['--expose-gc'],
      )
    ).ms;

const createScenario = (task: ClientTask, title: string): Scenario => ({
  id: `client-${task}`,
  title: `Client: ${title}`,
  unit: 'ms',
  subjects: Object.fromEntries(HALVES.map((half) => [half, time(half, task)])),
  titles: {bare: 'a bare Store, to which the same is done'},
  goals: [],
});

const measureHeap =
  (half: ClientHalf, pendingShare = 0): Measure =>
  async (bench) => {
    const {heapBytes} = await runLoad<ClientMemoryOptions, ClientMemoryResult>(
      bench,
      'client-memory',
      {half, cells: bench.cells, pending: bench.cells * pendingShare},
      ['--expose-gc'],
    );
    return heapBytes / 1_000_000;
  };

export const CLIENT: Scenario[] = [
  createScenario('startup', 'startup with 100,000 cells'),
  createScenario('commit', 'a commit of 10,000 cells arrives'),
  createScenario('pending', '1,000 changes pending while 1,000 commits arrive'),
  {
    id: 'client-memory',
    title: 'Client: heap with 100,000 cells, the Store’s included',
    unit: 'MB',
    subjects: {
      ours: measureHeap('ours'),
      pending: measureHeap('ours', 0.01),
      tinybase: measureHeap('tinybase'),
      bare: measureHeap('bare'),
    },
    titles: {
      pending: 'tinybase-partykit, 1,000 changes pending',
      bare: 'a bare Store',
    },
    goals: [],
    isCounted: true,
  },
];
