/** Many clients at once that join a large room while others write. */
import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {createContent} from './content.js';
import type {JoinOptions, JoinResult} from './load/join.js';
import type {Bench, Scenario} from './scenario.js';
import {createRoom} from './servers.js';

const CELLS = 100_000;

const joinAll =
  (party: string, isRoom: boolean) =>
  async ({dev, isSmoke, loadDir}: Bench): Promise<number> => {
    const room = createRoom(dev, party);
    await fetch(`${room.url}/store`, {
      method: 'PUT',
      body: createContent(CELLS),
    });
    const options: JoinOptions = {
      host: dev.host,
      party,
      room: room.name,
      clients: isSmoke ? 10 : 200,
      writesPerSecond: isRoom ? 100 : 0,
    };
    const {stdout} = await promisify(execFile)(process.execPath, [
      join(loadDir, 'join.mjs'),
      JSON.stringify(options),
    ]);
    return (JSON.parse(stdout) as JoinResult).p99Ms;
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
