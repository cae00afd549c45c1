/**
 * A room in which two honest clients work while others send whatever they like,
 * and a naive room that hears the same.
 */
import {flatten, toText} from '../simulation/flat-content.js';
import {createHonestSpeaker, type HonestSpeaker} from './honest-speaker.js';
import {
  createMemoryRoom,
  type MemoryConnection,
  type MemoryRoomOptions,
} from './memory-room.js';
import {NaiveRoom} from './naive-room.js';

/** The codes that docs/protocol.md lists. */
const CLOSE_CODES = [1011, 4400, 4408, 4409, 4429];
/** What tells of the room's inside: stack traces and files. */
const INSIDE = /\n\s*at |Error|node_modules|\/src\/|file:\/\//;

const HOSTILE_COUNT = 3;

export type HostileScene = Awaited<ReturnType<typeof createHostileScene>>;

export const createHostileScene = async (options: MemoryRoomOptions = {}) => {
  const room = createMemoryRoom(options);
  const naive = new NaiveRoom<MemoryConnection>();
  const everyone: MemoryConnection[] = [];
  let underWay: Promise<unknown>[] = [];
  let tokens = 0;

  const say = (connection: MemoryConnection, frame: unknown): void => {
    naive.receive(connection, frame);
    underWay.push(room.room.receive(connection, frame) ?? Promise.resolve());
  };

  const connect = (): MemoryConnection => {
    const connection = room.connect(`connection${everyone.length}`);
    everyone.push(connection);
    return connection;
  };

  const honest = [connect(), connect()].map((connection): HonestSpeaker =>
    createHonestSpeaker(room, connection, (frame) => say(connection, frame)),
  );
  const hostile = Array.from({length: HOSTILE_COUNT}, connect);

  /** Waits until all is through; fails where the room throws. */
  const settle = async (): Promise<void> => {
    for (let heard = true; heard || underWay.length;) {
      const waiting = underWay;
      underWay = [];
      naive.takeTurn();
      await Promise.all(waiting);
      heard = false;
      for (const speaker of honest) {
        heard = (await speaker.listen()) || heard;
      }
    }
  };

  const writeHonestly = (which: number): void => {
    const token = `token-${++tokens}`;
    honest[which]!.push(
      {a: {a: {[`of ${which}`]: token}, b: {a: token}}},
      {both: token},
    );
  };

  // One after the other: the first to write makes the Store.
  honest[0]!.greet();
  await settle();
  writeHonestly(0);
  await settle();
  honest.forEach(({greet}) => greet());
  await settle();

  return {
    room,
    naive,
    everyone,
    honest,
    settle,
    writeHonestly,

    /** Sends as one of those that do as they like. */
    attack: (which: number, frame: unknown): void =>
      say(hostile[which]!, frame),

    /** One that was closed, or leaves, is there again. */
    reconnect: (which: number): void => {
      hostile[which]!.leave();
      hostile[which] = connect();
    },

    getText: async (): Promise<string> =>
      toText(flatten((await room.getContent()) ?? [{}, {}])),

    /** What is wrong about what connections have seen, if anything. */
    findLeaks: (secrets: string[]): string[] =>
      everyone.flatMap(({id, frames, closed}) => [
        ...frames.filter(
          (frame) =>
            INSIDE.test(frame) ||
            secrets.some((secret) => frame.includes(secret)),
        ),
        ...(closed &&
        (!CLOSE_CODES.includes(closed[0]) || INSIDE.test(closed[1]))
          ? [`${id} was closed: ${closed.join(' ')}`]
          : []),
      ]),
  };
};
