/**
 * A process with nothing but a room's own code: storage is a Map, connections only
 * note. Prints what a change costs it, and what the JSON of it alone costs.
 */
import {
  createMemoryRoom,
  type MemoryConnection,
} from '../../test/support/memory-room.js';
import {changeCell} from '../changes.js';
import {SUBJECTS} from '../subjects.js';

export type AloneOptions = {
  readers: number;
  /** How many changes a turn takes. */
  inFlight: number;
  turns: number;
  rows: number;
};

export type AloneResult = {
  /** The processor time of a change, in microseconds. */
  roomMicroseconds: number;
  /** What of it JSON.parse and JSON.stringify take of the same texts. */
  jsonMicroseconds: number;
};

const options = JSON.parse(process.argv[2]!) as AloneOptions;
const {encode} = SUBJECTS.ours;

/** Processor time of a change, once all of it is warm. */
const measure = async (
  takeTurn: (turn: number) => Promise<void> | void,
): Promise<number> => {
  const warmUp = Math.ceil(options.turns / 3);
  for (let turn = 0; turn < warmUp; turn++) {
    await takeTurn(turn);
  }
  const before = process.cpuUsage();
  for (let turn = warmUp; turn < warmUp + options.turns; turn++) {
    await takeTurn(turn);
  }
  const {user, system} = process.cpuUsage(before);
  return (user + system) / (options.turns * options.inFlight);
};

const changesOf = (turn: number): string[] =>
  Array.from({length: options.inFlight}, (_, index) => {
    const count = turn * options.inFlight + index + 1;
    return changeCell(`0-${count % options.rows}`, `0#${count}`);
  });

const measureRoom = async (): Promise<number> => {
  const room = createMemoryRoom();
  await room.room.putContent([{}, {v: 1}], null);
  const connections: MemoryConnection[] = [];
  for (let i = 0; i <= options.readers; i++) {
    const connection = room.connect(`connection${i}`);
    await connection.greet();
    connections.push(connection);
  }
  const [writer] = connections;
  return await measure(async (turn) => {
    const first = turn * options.inFlight + 1;
    await Promise.all(
      changesOf(turn).map(async (changes, index) => {
        await writer!.say(encode(changes, first + index));
      }),
    );
    for (const connection of connections) {
      for (const frame of connection.frames.splice(0)) {
        const answer = SUBJECTS.ours.answer(frame);
        if (answer) {
          await connection.say(answer);
        }
      }
    }
  });
};

/** Each push is read, and the commit that they make is written. */
const measureJson = (): Promise<number> =>
  measure((turn) => {
    const rows: {[rowId: string]: unknown} = {};
    for (const changes of changesOf(turn)) {
      Object.assign(rows, JSON.parse(changes)[0].t);
    }
    JSON.stringify([[{t: rows}, {}, 1]]);
  });

const result: AloneResult = {
  roomMicroseconds: await measureRoom(),
  jsonMicroseconds: await measureJson(),
};
console.log(JSON.stringify(result));
