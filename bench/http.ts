/** The whole content: to get it, to put it, and what that writes. */
import {once} from 'node:events';
import {WebSocket} from 'ws';
import type {StorageCounts} from '../test/rooms/observed-room.js';
import {createFilledRoom, fillRoom} from './filled-room.js';
import type {Bench, Scenario} from './scenario.js';
import {createRoom} from './servers.js';

const time = async (run: () => Promise<unknown>): Promise<number> => {
  const startedAt = performance.now();
  await run();
  return performance.now() - startedAt;
};

const fetchText = async (url: string): Promise<string> => {
  const response = await fetch(url);
  if (!response.ok) {
    throw new Error(`${url}: ${response.status}`);
  }
  return await response.text();
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
  (party: string) =>
  async (bench: Bench): Promise<number> => {
    const {url} = await createFilledRoom(bench, party);
    const get = () => time(() => fetchText(`${url}/store`));
    await get();
    return await quickest(10, get);
  };

const getCold =
  (party: string) =>
  async (bench: Bench): Promise<number> => {
    const {url} = await createFilledRoom(bench, party);
    await bench.dev.restart();
    // Another room first, for the server itself to be warm.
    await fetchText(`${createRoom(bench.dev, party).url}/store`);
    return await time(() => fetchText(`${url}/store`));
  };

const putNew =
  (party: string) =>
  ({dev}: Bench): Promise<number> =>
    quickest(3, () => time(() => fillRoom(createRoom(dev, party).url)));

/** Keys that something writes, in a room that holds all the Cells already. */
const countKeys =
  (party: string, changes?: string) =>
  async (bench: Bench): Promise<number> => {
    const {url, name} = await createFilledRoom(bench, party);
    const take = async (): Promise<StorageCounts> =>
      JSON.parse(await fetchText(`${url}/debug/counts`));
    const filled = await take();
    if (changes === undefined) {
      return filled.keysWritten + filled.keysDeleted;
    }
    const socket = new WebSocket(
      `ws://${bench.dev.host}/parties/${party}/${name}?_pk=w`,
    );
    await once(socket, 'open');
    // Awake, and in TinyBase's own frame, which both rooms take.
    socket.send('s[{"items":{"row0":{"done":null}}},{},1]');
    const isTold = async (text: string) => {
      while (!(await fetchText(`${url}/store`)).includes(text)) {
        // It has not got there yet.
      }
    };
    await isTold('"done":null');
    await take();
    socket.send(changes);
    socket.send('s[{},{"mark":"last"},1]');
    await isTold('"mark":"last"');
    const counts = await take();
    socket.close();
    // Without the mark's own.
    return counts.keysWritten + counts.keysDeleted - 1;
  };

const DELETED = '\uFFFC';
const HUNDRED_ROWS = JSON.stringify([
  {
    items: Object.fromEntries(
      Array.from({length: 100}, (_, row) => [`row${row}`, {done: 'changed'}]),
    ),
  },
  {},
  1,
]);

const createKeys = (
  id: string,
  title: string,
  changes: string | undefined,
  atMost: number,
): Scenario => ({
  id: `keys-${id}`,
  title,
  unit: 'keys',
  subjects: {
    ours: countKeys('oursobserved', changes),
    tinybase: countKeys('tinybaseobserved', changes),
  },
  goals: [],
  atMost,
});

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
      tinybase: putNew('tinybase'),
      fixed: putNew('fixed'),
    },
    goals: [
      {to: 'tinybase', atMost: 0.25},
      {to: 'fixed', atMost: 3},
    ],
  },
  createKeys('put', 'Keys written or deleted by that PUT', undefined, 20),
  createKeys(
    'cell',
    'Keys written or deleted by a change of 1 cell',
    's[{"items":{"row1":{"done":"changed"}}},{},1]',
    1,
  ),
  createKeys(
    'rows',
    'Keys written or deleted by a change of 100 rows',
    `s${HUNDRED_ROWS}`,
    1,
  ),
  createKeys(
    'delete-row',
    'Keys written or deleted by the deletion of a row',
    `s[{"items":{"row1":"${DELETED}"}},{},1]`,
    1,
  ),
  createKeys(
    'delete-table',
    'Keys written or deleted by the deletion of a table',
    `s[{"items":"${DELETED}"},{},1]`,
    1,
  ),
];
