/** Changes a second, and how long one takes to another client. */
import type {StreamOptions, StreamResult} from './load/stream.js';
import {runLoad} from './run-load.js';
import type {Bench, Scenario} from './scenario.js';
import {createRoom} from './servers.js';
import {type SubjectName, SUBJECTS} from './subjects.js';

type Shape = {writers: number; readers: number; inFlight: number};

const run = async (
  bench: Bench,
  subject: SubjectName,
  shape: Shape,
): Promise<StreamResult> => {
  const {dev, isSmoke} = bench;
  const room = createRoom(dev, SUBJECTS[subject].party);
  // TinyBase's own room takes changes only once it has a Store.
  await fetch(`${room.url}/store`, {method: 'PUT', body: '[{},{"v":1}]'}).catch(
    () => {},
  );
  return await runLoad<StreamOptions, StreamResult>(bench, 'stream', {
    host: dev.host,
    room: room.name,
    subject,
    ...shape,
    warmUpMs: isSmoke ? 200 : 1_000,
    measureMs: isSmoke ? 300 : 3_000,
    rows: 1_000,
  });
};

const createScenario = (
  title: string,
  shape: Shape,
  subjects: SubjectName[],
  goals: Scenario['goals'],
): Scenario => ({
  id: `stream-${shape.writers}-${shape.readers}-${shape.inFlight}`,
  title,
  unit: 'changes/s',
  subjects: Object.fromEntries(
    subjects.map((subject) => [
      subject,
      async (bench) => (await run(bench, subject, shape)).changesPerSecond,
    ]),
  ),
  goals,
});

const ALL: SubjectName[] = ['ours', 'tinybase', 'relay', 'relayPut'];
const ONE_IN_FLIGHT = {writers: 1, readers: 1, inFlight: 1};

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
        async (bench: Bench) =>
          (await run(bench, subject, ONE_IN_FLIGHT)).p50Ms,
      ]),
    ),
    goals: [{to: 'tinybase', atMost: 1}],
  },
];
