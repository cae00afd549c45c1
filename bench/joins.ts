/** Many clients at once that join a large room while others write. */
import type {JoinOptions, JoinResult} from './load/join.js';
import {createFilledRoom} from './room.js';
import {runLoad} from './run-load.js';
import {type Measure, oncePerRound, type Scenario} from './scenario.js';
import type {SubjectName} from './subjects.js';

const joinAll = (subject: SubjectName) =>
  oncePerRound(async (bench): Promise<JoinResult> => {
    const {host, party, name} = await createFilledRoom(bench, subject);
    return await runLoad<JoinOptions, JoinResult>(bench, 'join', {
      host,
      party,
      room: name,
      clients: bench.isSmoke ? 10 : 200,
      writesPerSecond: subject == 'fixed' ? 0 : 100,
    });
  });

const OURS = joinAll('ours');

const getP99 =
  (join: ReturnType<typeof joinAll>): Measure =>
  async (bench) =>
    (await join(bench)).p99Ms;

export const JOINS: Scenario[] = [
  {
    id: 'joins',
    title: '200 clients join at once while others write, 100,000 cells, p99',
    unit: 'ms',
    subjects: {
      ours: getP99(OURS),
      tinybase: getP99(joinAll('tinybase')),
      fixed: getP99(joinAll('fixed')),
    },
    goals: [{to: 'fixed', atMost: 2}],
    once: ['tinybase'],
  },
  {
    id: 'joins-texts',
    title: 'How often the content was made text for those 200',
    unit: 'times',
    subjects: {ours: async (bench) => (await OURS(bench)).texts},
    goals: [],
  },
];
