/** A sink that keeps its rooms in a Map, and ways to break it. */
import {setTimeout as sleep} from 'node:timers/promises';
import type {Content} from 'tinybase';
import {
  type Batch,
  createSink,
  isSamePosition,
  type Sink,
  type SinkState,
} from '../../src/mirror/sink.js';
import type {SinkStorage} from '../../src/mirror/contract/index.js';

export type MemoryStates = Map<string, SinkState>;

export const createMemorySink = (states: MemoryStates): Sink =>
  createSink({
    read: async (room) => structuredClone(states.get(room)),
    write: async ({room, after, position, content}) => {
      if (!isSamePosition(states.get(room), after)) {
        return false;
      }
      states.set(room, structuredClone({...position, content}));
      return true;
    },
    listRooms: async () => [...states.keys()],
  });

/** Changes one thing about a sound sink. */
type Breakage = (sink: Sink, states: MemoryStates) => Partial<Sink>;

const getKept = (states: MemoryStates, room: string): Content =>
  states.get(room)?.content ?? [{}, {}];

const keep = (
  states: MemoryStates,
  {room, position}: Batch,
  content: Content,
): true => {
  states.set(room, {...position, content});
  return true;
};

/** What each does wrong, and the cases that have to find it. */
export const BREAKAGES: {[what: string]: [Breakage, finds: string[]]} = {
  'ignores `after`': [
    (_, states) => ({
      write: async (batch) =>
        keep(states, batch, structuredClone(batch.content)),
    }),
    [
      'takes a batch once',
      'refuses a batch that follows on something else',
      'lets one of two sinks win',
      'knows an epoch from one that differs by case',
    ],
  ],
  'looks at the offset alone': [
    (sink, states) => ({
      write: async (batch) =>
        states.get(batch.room)?.offset === batch.after?.offset &&
        keep(states, batch, structuredClone(batch.content)),
      read: sink.read,
    }),
    ['refuses a batch that follows on something else'],
  ],
  'compares epochs without case': [
    (_, states) => ({
      write: async (batch) => {
        const {epoch, offset} = states.get(batch.room) ?? {};
        const {after} = batch;
        return (
          epoch?.toLowerCase() === after?.epoch.toLowerCase() &&
          offset === after?.offset &&
          keep(states, batch, structuredClone(batch.content))
        );
      },
    }),
    ['knows an epoch from one that differs by case'],
  ],
  'looks first and writes later': [
    (_, states) => ({
      write: async (batch) => {
        const isAt = isSamePosition(states.get(batch.room), batch.after);
        await sleep(1);
        return isAt && keep(states, batch, structuredClone(batch.content));
      },
    }),
    ['lets one of two sinks win', 'lets one of two different batches win'],
  ],
  'moves its position before its content': [
    (sink, states) => ({
      write: async (batch) => {
        const content = getKept(states, batch.room);
        if (!isSamePosition(states.get(batch.room), batch.after)) {
          return false;
        }
        keep(states, batch, structuredClone(content));
        await sleep(1);
        return keep(states, batch, structuredClone(batch.content));
      },
      read: sink.read,
    }),
    ['is at one position for who reads while it is written'],
  ],
  'forgets deletions': [
    (_, states) => ({
      write: async (batch) => {
        if (!isSamePosition(states.get(batch.room), batch.after)) {
          return false;
        }
        const [tables, values] = getKept(states, batch.room);
        return keep(
          states,
          batch,
          structuredClone([
            {...tables, ...batch.content[0]},
            {...values, ...batch.content[1]},
          ]),
        );
      },
    }),
    [
      'deletes Cells, Rows, Tables and Values',
      'replaces a room by its new history',
      'replaces a room whose commits are not known',
    ],
  ],
  'shares the content that it is given': [
    (_, states) => ({
      write: async (batch) =>
        isSamePosition(states.get(batch.room), batch.after) &&
        keep(states, batch, batch.content),
    }),
    ['shares nothing with who writes and reads'],
  ],
  'hands out the content that it keeps': [
    (_, states) => ({read: async (room) => states.get(room)}),
    ['shares nothing with who writes and reads'],
  ],
  'changes the batch': [
    (sink) => ({
      write: async (batch) => {
        const isWritten = await sink.write(batch);
        batch.commits?.pop();
        return isWritten;
      },
    }),
    ['shares nothing with who writes and reads'],
  ],
  'knows a position without having written': [
    () => ({read: async () => ({epoch: 'none', offset: 0})}),
    ['does not know a room that was never written'],
  ],
  'has one room for all': [
    (sink) => ({
      read: (_room) => sink.read('one'),
      write: (batch) => sink.write({...batch, room: 'one'}),
    }),
    ['keeps rooms apart that are written at once'],
  ],
  'compares rooms without case': [
    (sink) => ({
      read: (room) => sink.read(room.toLowerCase()),
      write: (batch) => sink.write({...batch, room: batch.room.toLowerCase()}),
    }),
    ['keeps rooms with ids that differ by case or accents alone'],
  ],
  'has UTF-8': [
    (sink, states) => ({
      read: async (room) => {
        const state = await sink.read(room);
        return JSON.parse(
          Buffer.from(
            JSON.stringify(state ?? null).replaceAll(
              /\\u(d[89a-f])/g,
              '\\ufffd$1',
            ),
          ).toString(),
          (_, thing) => thing ?? undefined,
        );
      },
      listRooms: async () => [...states.keys()],
    }),
    ['keeps strings with half a character', 'keeps ids with half a character'],
  ],
  'assigns `__proto__`': [
    (sink) => ({
      read: async (room) => {
        const state = await sink.read(room);
        return state?.content
          ? {
              ...state,
              content: state.content.map((things) =>
                Object.keys(things).reduce<any>((copy, id) => {
                  copy[id] = (things as any)[id];
                  return copy;
                }, {}),
              ) as Content,
            }
          : state;
      },
    }),
    ['keeps ids of JavaScript'],
  ],
  'lists a room twice': [
    (sink) => ({
      listRooms: async () => {
        const rooms = await sink.listRooms();
        return [...rooms, ...rooms];
      },
    }),
    ['lists the rooms that it knows', 'goes on in a new sink'],
  ],
  'writes half where it fails': [
    (sink, states) => ({
      write: async (batch) => {
        try {
          return await sink.write(batch);
        } catch (error) {
          states.set(batch.room, structuredClone({...batch.position}));
          throw error;
        }
      },
    }),
    ['writes nothing where a write fails'],
  ],
  'swallows what fails': [
    (sink) => ({
      write: async (batch) => {
        try {
          return await sink.write(batch);
        } catch {
          return true;
        }
      },
    }),
    ['writes nothing where a write fails'],
  ],
};

/** Where sinks in memory are made on, sound ones unless broken by name. */
export const createMemoryStorage = (breakage?: Breakage): SinkStorage => {
  const states: MemoryStates = new Map();
  let isBroken = false;
  return {
    createSink: () => {
      const sink = createMemorySink(states);
      const failing: Sink = {
        ...sink,
        write: async (batch) => {
          if (isBroken) {
            isBroken = false;
            throw new Error('broken by the suite');
          }
          return await sink.write(batch);
        },
      };
      return {...failing, ...breakage?.(failing, states)};
    },
    breakNextWrite: () => {
      isBroken = true;
    },
  };
};
