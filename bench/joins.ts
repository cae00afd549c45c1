/** Many clients at once that join a large room while others write. */
import {createFilledRoom} from './filled-room.js';
import type {JoinOptions, JoinResult} from './load/join.js';
import {runLoad} from './run-load.js';
import type {Bench, Scenario} from './scenario.js';

const joinAll =
  (party: string, isRoom: boolean) =>
  async (bench: Bench): Promise<number> => {
    const room = await createFilledRoom(bench, party);
    const {p99Ms} = await runLoad<JoinOptions, JoinResult>(bench, 'join', {
      host: bench.dev.host,
      party,
      room: room.name,
      clients: bench.isSmoke ? 10 : 200,
      writesPerSecond: isRoom ? 100 : 0,
    });
    return p99Ms;
  };

export const JOINS: Scenario[] = [
  {
    id: 'joins',
    title: '200 clients join at once while others write, 100,000 cells, p99',
    unit: 'ms',
    subjects: {
      ours: joinAll('ours', true),
      tinybase: joinAll('tinybase', true),
      fixed: joinAll('fixed', false),
    },
    goals: [{to: 'fixed', atMost: 2}],
  },
];
