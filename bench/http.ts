/** The whole content: to get it, and to put it. */
import {createFilledRoom, createRoom, fillRoom, request} from './room.js';
import type {Bench, Measure, Scenario} from './scenario.js';
import type {SubjectName} from './subjects.js';

const time = async (run: () => Promise<unknown>): Promise<number> => {
  const startedAt = performance.now();
  await run();
  return performance.now() - startedAt;
};

/** The quickest of some: what else the machine does is not the subject's. */
const quickest = async (
  count: number,
  run: () => Promise<number>,
): Promise<number> => {
  let best = Infinity;
  for (let i = 0; i < count; i++) {
    best = Math.min(best, await run());
  }
  return best;
};

const getWarm =
  (subject: SubjectName): Measure =>
  async (bench) => {
    const {url} = await createFilledRoom(bench, subject);
    const get = () => time(() => request(`${url}/store`));
    await get();
    return await quickest(bench.isSmoke ? 1 : 10, get);
  };

const getCold =
  (subject: SubjectName): Measure =>
  async (bench: Bench) => {
    const {url} = await createFilledRoom(bench, subject);
    await bench.dev.restart();
    // Another room first, for the server itself to be warm.
    await request(`${createRoom(bench, subject).url}/store`);
    return await time(() => request(`${url}/store`));
  };

const putNew =
  (subject: SubjectName): Measure =>
  (bench) =>
    quickest(bench.isSmoke ? 1 : 3, () =>
      time(() => fillRoom(createRoom(bench, subject), bench.cells)),
    );

export const HTTP: Scenario[] = [
  {
    id: 'get-warm',
    title: 'GET of 100,000 cells, warm',
    unit: 'ms',
    subjects: {
      ours: getWarm('ours'),
      tinybase: getWarm('tinybase'),
      fixed: getWarm('fixed'),
    },
    goals: [{to: 'fixed', atMost: 1.2}],
  },
  {
    id: 'get-cold',
    title: 'GET of 100,000 cells, first after a restart',
    unit: 'ms',
    subjects: {ours: getCold('ours'), tinybase: getCold('tinybase')},
    goals: [{to: 'tinybase', atMost: 0.5}],
  },
  {
    id: 'put',
    title: 'PUT of 100,000 cells',
    unit: 'ms',
    subjects: {
      ours: putNew('ours'),
      oursHooks: putNew('oursHooks'),
      tinybase: putNew('tinybase'),
      fixed: putNew('fixed'),
      fixedJson: putNew('fixedJson'),
    },
    goals: [
      {to: 'tinybase', atMost: 0.25},
      {to: 'fixed', atMost: 3},
    ],
  },
];
