/** Clients that edit a room at random, each change a commit where none meet. */
import {setTimeout as sleep} from 'node:timers/promises';
import {getPendingCount, startClient, type TestClient} from '../halves.js';
import {createRandomInteger, editAtRandom} from '../random-edits.js';
import type {TestRoom} from '../test-room.js';
import {until} from '../until.js';

export type Writers = {
  /** How many edits the room has answered. */
  getAnswered(): number;
  /** Resolves when all that they have edited is in the room. */
  stop(): Promise<void>;
};

export type WritersOptions = {
  seed: number;
  count: number;
  /** How long each waits at most between an answer and its next edit. */
  paceMs: number;
};

export const startWriters = async (
  room: TestRoom,
  {seed, count, paceMs}: WritersOptions,
): Promise<Writers> => {
  let answered = 0;
  const stopping = new AbortController();
  const write = async (client: TestClient, index: number): Promise<void> => {
    const random = createRandomInteger(seed * 1_000 + index);
    for (let edit = 1; !stopping.signal.aborted; edit++) {
      editAtRandom(client.store, random, edit * count + index);
      // None where it has changed nothing.
      const pending = getPendingCount(client);
      await until(() => !getPendingCount(client), {
        timeoutMs: 60_000,
        intervalMs: 2,
        message: 'the room answers',
      });
      answered += pending;
      await sleep(random(paceMs + 1));
    }
  };
  const clients: TestClient[] = [];
  while (clients.length < count) {
    clients.push(
      await startClient('ours', room, {
        // The usual ones are seconds, in which nothing happens.
        socket: {minReconnectionDelay: 20, maxReconnectionDelay: 200},
      }),
    );
  }
  const writing = Promise.all(clients.map(write));
  // Awaited at the end only.
  writing.catch(() => {});
  return {
    getAnswered: () => answered,
    stop: async () => {
      stopping.abort();
      await writing;
      await until(() => clients.every((client) => !getPendingCount(client)), {
        timeoutMs: 60_000,
        message: 'the room has all that was written',
      });
      await Promise.all(clients.map(({destroy}) => destroy()));
    },
  };
};
