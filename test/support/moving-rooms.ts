/** Rooms in memory that move between storages, and may crash at any write. */
import {Residence} from '../../src/server/move/residence.js';
import {
  createMemoryRoom,
  type MemoryConnection,
  type MemoryRoom,
} from './memory-room.js';
import {createMemoryStorage, type MemoryStorage} from './memory-storage.js';
import {createLife, type Life} from './mortal-storage.js';

export interface MovingRoom {
  /** What outlives the room. */
  readonly storage: MemoryStorage;
  readonly storagePrefix: string;
  /** The room as it runs. */
  readonly room: MemoryRoom;
  readonly life: Life;
  /** Ends its life, and begins another. */
  start(options?: StartOptions): void;
  /** Waits for something that a crash of the room would keep from happening. */
  survive<Result>(promise: Promise<Result>): Promise<Result>;
}

export interface StartOptions {
  /** Where it comes from. */
  origin?: MovingRoom | undefined;
  /** At which write it crashes. */
  lastWrite?: number | undefined;
  /** After how many lines of an archive the connection is cut. */
  maxLines?: number | undefined;
}

export const createMovingRoom = (
  storagePrefix = '',
  url = 'http://old/parties/main',
): MovingRoom => {
  const storage = createMemoryStorage();
  let life: Life;
  let room: MemoryRoom;

  const survive = <Result>(promise: Promise<Result>): Promise<Result> => {
    const died = life.over.then(() => {
      throw new Error('The room has crashed');
    });
    return Promise.race([promise, died]);
  };

  const start: MovingRoom['start'] = ({
    origin,
    lastWrite,
    maxLines = Infinity,
  } = {}) => {
    life?.end();
    life = createLife(storage, {at: null}, lastWrite);
    room = createMemoryRoom({storage: life.storage, storagePrefix});
    let epochs = 0;
    Object.assign(room.edge, {
      createEpoch: () => `${url}${++epochs}`,
      residence: new Residence({
        storage: life.storage,
        storagePrefix,
        origin: origin && {
          url,
          fetchArchive: async () => {
            const lines = await origin.survive(origin.room.room.leave());
            return cut(lines, maxLines, origin.survive);
          },
        },
      }),
    });
  };
  start();
  return {
    storage,
    storagePrefix,
    get room() {
      return room;
    },
    get life() {
      return life;
    },
    start,
    survive: (promise) => survive(promise),
  };
};

async function* cut(
  lines: AsyncGenerator<string>,
  maxLines: number,
  survive: MovingRoom['survive'],
): AsyncGenerator<string> {
  for (let count = 0; count < maxLines; count++) {
    const {done, value} = await survive(lines.next());
    if (done) {
      return;
    }
    yield value;
  }
}

/** What the room has last answered a client's pushes, by its own mark. */
export const getAnswered = (
  connection: MemoryConnection,
  {mark} = connection,
): number =>
  Math.max(
    0,
    ...connection.take().map(([letter, message]) => {
      const answers = letter == 'c' ? message[2] : undefined;
      return answers?.[mark]?.[0] ?? 0;
    }),
  );

/** All that a room keeps, by its keys without prefix, but what a move leaves. */
export const getKept = ({
  storage,
  storagePrefix,
}: MovingRoom): [key: string, value: unknown][] =>
  storage
    .getEntries()
    .filter(([key]) => key.startsWith(`${storagePrefix}#tbpk:`))
    .map(([key, value]): [string, unknown] => [
      key.slice(storagePrefix.length),
      value,
    ])
    .filter(([key]) => key != '#tbpk:move' && key != '#tbpk:alarm');
