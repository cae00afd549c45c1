/** Changes a second, and how long one takes to another client. */
import type {StreamResult} from './load/pump.js';
import type {StreamOptions} from './load/stream.js';
import {type BenchRoom, createRoom, request} from './room.js';
import {runLoad} from './run-load.js';
import type {Bench, Goal, Scenario} from './scenario.js';
import {type SubjectName, SUBJECTS} from './subjects.js';

export type Shape = {writers: number; readers: number; inFlight: number};

export const ONE_IN_FLIGHT = {writers: 1, readers: 1, inFlight: 1};

/** Writes to a room of that subject, and measures. */
export const stream = (
  bench: Bench,
  {host, party, name, subject}: BenchRoom,
  shape: Shape,
  more: Partial<Pick<StreamOptions, 'warmUpMs' | 'measureMs' | 'readBy'>> = {},
): Promise<StreamResult> =>
  runLoad<StreamOptions, StreamResult>(bench, 'stream', {
    host,
    party,
    room: name,
    subject,
    ...shape,
    warmUpMs: bench.isSmoke ? 50 : 1_000,
    measureMs: bench.isSmoke ? 100 : 3_000,
    rows: 1_000,
    ...more,
  });

const streamNew = async (
  bench: Bench,
  subject: SubjectName,
  shape: Shape,
): Promise<StreamResult> => {
  const room = createRoom(bench, subject);
  if (!SUBJECTS[subject].party.startsWith('relay')) {
    // TinyBase's own room takes changes only once it has a Store.
    await request(`${room.url}/store`, {method: 'PUT', body: '[{},{"v":1}]'});
  }
  return await stream(bench, room, shape);
};

const createScenario = (
  title: string,
  shape: Shape,
  subjects: SubjectName[],
  goals: Goal[],
): Scenario => ({
  id: `stream-${shape.writers}-${shape.readers}-${shape.inFlight}`,
  title,
  unit: 'changes/s',
  subjects: Object.fromEntries(
    subjects.map((subject) => [
      subject,
      async (bench) =>
        (await streamNew(bench, subject, shape)).changesPerSecond,
    ]),
  ),
  goals,
});

const ALL: SubjectName[] = ['ours', 'tinybase', 'relay', 'relayPut'];

export const STREAMS: Scenario[] = [
  createScenario(
    '1 writer, 1 reader, 64 in flight',
    {writers: 1, readers: 1, inFlight: 64},
    ALL,
    [{to: 'tinybase', atLeast: 8}],
  ),
  createScenario(
    '1 writer, 50 readers, 64 in flight',
    {writers: 1, readers: 50, inFlight: 64},
    [...ALL, 'oursLegacy'],
    [
      {to: 'tinybase', atLeast: 14},
      {to: 'relay', atLeast: 6},
      {of: 'oursLegacy', to: 'tinybase', atLeast: 5},
    ],
  ),
  createScenario(
    '10 writers, 10 readers, 256 in flight',
    {writers: 10, readers: 10, inFlight: 256},
    ALL,
    [{to: 'tinybase', atLeast: 14}],
  ),
  {
    id: 'latency',
    title: '1 in flight, median to another client',
    unit: 'ms',
    subjects: Object.fromEntries(
      ALL.map((subject) => [
        subject,
        async (bench) => (await streamNew(bench, subject, ONE_IN_FLIGHT)).p50Ms,
      ]),
    ),
    goals: [{to: 'tinybase', atMost: 1}],
  },
];
