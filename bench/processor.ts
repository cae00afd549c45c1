/** What the processor spends on a change, and how much of that is the room's own. */
import type {AloneOptions, AloneResult} from './load/room-alone.js';
import {createRoom, request} from './room.js';
import {runLoad} from './run-load.js';
import {
  type Bench,
  type Measure,
  oncePerRound,
  type Scenario,
} from './scenario.js';
import {type Shape, stream} from './streams.js';
import {type SubjectName, SUBJECTS} from './subjects.js';
import {findWorkerd, getProcessorMs} from './workerd.js';

const ROWS = 1_000;

/** Of the process that rooms run in; with all that the platform does for them. */
const measureWorkerd =
  (subject: SubjectName, shape: Shape): Measure =>
  async (bench) => {
    const {dev} = bench;
    const room = createRoom(bench, subject);
    if (!SUBJECTS[subject].party.startsWith('relay')) {
      await request(`${room.url}/store`, {method: 'PUT', body: '[{},{"v":1}]'});
    }
    const {pid} = findWorkerd(dev.port);
    const before = getProcessorMs(pid);
    const {changes} = await stream(bench, room, shape);
    return ((getProcessorMs(pid) - before) * 1_000) / changes;
  };

const measureAlone = ({readers, inFlight}: Shape) =>
  oncePerRound((bench: Bench) =>
    runLoad<AloneOptions, AloneResult>(bench, 'room-alone', {
      readers,
      inFlight,
      turns: bench.isSmoke ? 10 : 5_000,
      rows: ROWS,
    }),
  );

const createScenario = (title: string, shape: Shape): Scenario => {
  const alone = measureAlone(shape);
  return {
    id: `processor-${shape.writers}-${shape.readers}-${shape.inFlight}`,
    title: `Processor time of a change: ${title}`,
    unit: 'µs',
    subjects: {
      ours: measureWorkerd('ours', shape),
      alone: async (bench) => (await alone(bench)).roomMicroseconds,
      json: async (bench) => (await alone(bench)).jsonMicroseconds,
      relay: measureWorkerd('relay', shape),
      tinybase: measureWorkerd('tinybase', shape),
    },
    titles: {
      alone: 'its room alone, in Node: no sockets, a Map for storage',
      json: 'the JSON of its changes and commits alone, in Node',
    },
    goals: [],
  };
};

export const PROCESSOR: Scenario[] = [
  createScenario('1 writer, 1 reader, 64 in flight', {
    writers: 1,
    readers: 1,
    inFlight: 64,
  }),
  createScenario('1 writer, 50 readers, 64 in flight', {
    writers: 1,
    readers: 50,
    inFlight: 64,
  }),
];
