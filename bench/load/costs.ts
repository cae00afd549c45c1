/**
 * A process with a room on storage that counts. Prints as JSON what the room asks
 * of it while people write, when it wakes, and when somebody joins.
 */
import {TinyBasePartyKitServer} from 'tinybase/persisters/persister-partykit-server';
import {createFakeParty} from '../../test/support/fake-party.js';
import {
  createMemoryRoom,
  type MemoryConnection,
} from '../../test/support/memory-room.js';
import {changeNote} from '../changes.js';
import {createContent} from '../content.js';
import {createCountedStorage, type Usage} from './counted-storage.js';

export type CostOptions = {
  half: 'ours' | 'tinybase';
  cells: number;
  people: number;
  /** How many are written before, for the log to be as long as it gets. */
  changesBefore: number;
  changes: number;
  /** Whether the room has slept before each change. */
  sleeps: boolean;
};

export type CostResult = {
  /** Of all changes, and what follows of them. */
  changes: Usage;
  /** Of a change to a room that has slept. */
  wake: Usage;
  /** Of a GET of the content from a room that has slept, and a hello. */
  join: Usage;
};

const options = JSON.parse(process.argv[2]!) as CostOptions;
/** Longer than a compaction waits until it begins. */
const PAUSE_MS = 10_000;
/** Nothing is under way when so many turns of the event loop have asked nothing. */
const QUIET_TURNS = 10;
const CHANGES_BETWEEN_PAUSES = 100;

/** A room as this program plays it. */
type Played = {
  write: (person: number, changes: string) => Promise<unknown>;
  /** Some time goes by in which nobody writes. */
  rest: () => Promise<void>;
  sleep: () => void;
  join: () => Promise<unknown>;
};

const {storage, takeUsage, countOperations} = createCountedStorage();
const content = createContent(options.cells);

const playOurs = async (): Promise<Played> => {
  const scene = createMemoryRoom({storage});
  await scene.room.putContent(JSON.parse(content), null);
  const people: {connection: MemoryConnection; pushes: number}[] = [];
  for (let person = 0; person < options.people; person++) {
    const connection = scene.connect(`person${person}`);
    await connection.greet();
    people.push({connection, pushes: 0});
  }
  return {
    write: async (person, changes) => {
      const one = people[person]!;
      await one.connection.say(`p[${++one.pushes},${changes}]`);
      people.forEach(({connection}) => connection.frames.splice(0));
    },
    rest: async () => {
      let before: number;
      do {
        before = countOperations();
        scene.advance(PAUSE_MS);
        for (let turn = 0; turn < QUIET_TURNS; turn++) {
          await new Promise(setImmediate);
        }
      } while (scene.isWaiting() || countOperations() != before);
    },
    sleep: scene.wake,
    join: async () => {
      const {epoch, offset} = await scene.getPosition();
      await scene.connect('joins').greet({epoch, offset});
    },
  };
};

const playTinyBase = async (): Promise<Played> => {
  const party = createFakeParty(TinyBasePartyKitServer as any, {
    storage: Object.assign(storage, {
      transaction: (run: (inner: object) => unknown) => run(storage),
    }),
  });
  await party.request('PUT', '/store', content);
  const people = Array.from({length: options.people}, (_, person) =>
    party.connect(`person${person}`),
  );
  return {
    write: (person, changes) =>
      party.server.onMessage('s' + changes, people[person]!.connection),
    rest: async () => {},
    sleep: party.wake,
    join: () => party.request('GET', '/store'),
  };
};

const play = {ours: playOurs, tinybase: playTinyBase}[options.half];
const {write, rest, sleep, join} = await play();
const rows = options.cells / 10;
let count = 0;
const writeNext = () => {
  count++;
  return write(
    count % options.people,
    // All over the Table, and never the same one twice in a while.
    changeNote(`row${(count * 7_919) % rows}`, `What person ${count} says`),
  );
};

const writeMany = async (changes: number): Promise<void> => {
  for (let change = 1; change <= changes; change++) {
    if (options.sleeps) {
      await rest();
      sleep();
    }
    await writeNext();
    if (change % CHANGES_BETWEEN_PAUSES == 0) {
      await rest();
    }
  }
  await rest();
};

await writeMany(options.changesBefore);
takeUsage();
await writeMany(options.changes);
const changes = takeUsage();
sleep();
await writeNext();
const wake = takeUsage();
await rest();
takeUsage();
sleep();
await join();
const result: CostResult = {changes, wake, join: takeUsage()};
console.log(JSON.stringify(result));
process.exit(0);
