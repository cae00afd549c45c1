/** A well-behaved client that speaks the bare protocol, and keeps a copy. */
import {
  applyToFlat,
  type FlatContent,
  flatten,
  toText,
} from '../simulation/flat-content.js';
import type {MemoryConnection, MemoryRoom} from './memory-room.js';

export type HonestSpeaker = ReturnType<typeof createHonestSpeaker>;

export const createHonestSpeaker = (
  room: MemoryRoom,
  connection: MemoryConnection,
  /** Says a frame, for others to hear it as well. */
  say: (frame: string) => void,
) => {
  const clientId = `secret-of-${connection.id}`;
  const pending = new Map<number, unknown>();
  let copy: FlatContent = new Map();
  let offset = 0;
  let lastId = 0;
  let nonces = 0;
  let read = 0;

  const greet = (): void =>
    say(`h${JSON.stringify([1, clientId, `${++nonces}`, 'epoch1', offset])}`);

  const settle = (answer: number): void =>
    [...pending.keys()]
      .filter((id) => id <= answer)
      .forEach((id) => pending.delete(id));

  const hear = async (frame: string): Promise<void> => {
    const message = JSON.parse(frame.slice(1));
    if (frame[0] == 'i') {
      say('o' + frame.slice(1));
    } else if (frame[0] == 'w') {
      const [, nonce, , at, [answer] = [], delta] = message;
      if (!nonce) {
        greet();
      } else {
        if (delta) {
          delta.forEach((changes: any) => applyToFlat(copy, changes));
          offset = at;
        } else {
          copy = flatten(await room.getContent());
          ({offset} = await room.getPosition());
        }
        settle(answer);
      }
    } else if (frame[0] == 'c') {
      const [at, delta, answers = {}] = message;
      const [answer] = answers[connection.mark] ?? [0];
      if (at > offset) {
        const changes = delta || [...pending.values()];
        changes.forEach((one: any) => applyToFlat(copy, one));
        offset = at;
      }
      settle(answer);
    }
  };

  return {
    connection,
    clientId,
    greet,

    push: (tables: object, values: object): void => {
      const changes = [tables, values, 1];
      pending.set(++lastId, changes);
      say(`p${JSON.stringify([lastId, changes])}`);
    },

    /** Hears all that has arrived; answers whether it was anything. */
    listen: async (): Promise<boolean> => {
      const frames = connection.frames.slice(read);
      read += frames.length;
      for (const frame of frames) {
        await hear(frame);
      }
      return frames.length > 0;
    },

    getPendingCount: (): number => pending.size,

    getText: (): string => toText(copy),
  };
};
