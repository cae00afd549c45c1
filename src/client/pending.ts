/** The pushes that the room has not answered, in the order of their ids. */
import type {Changes} from '../protocol/changes.js';
import {
  MAX_IN_FLIGHT_LENGTH,
  MAX_PENDING_LENGTH,
  MAX_PUSH_LENGTH,
} from '../protocol/limits.js';

export type Push = {
  id: number;
  changes: Changes;
  text: string;
  /** When it was sent on this connection; 0 where it was not. */
  sentAt: number;
  /** No room takes it: it counts as refused when it is answered. */
  isTooLong: boolean;
  /** What of it is on top of the Store; a legacy room may have let another win. */
  covering: Changes[];
};

const NO_CHANGES = '[{},{},1]';

export const createPending = () => {
  let lastId = 0;
  const pushes: Push[] = [];
  let length = 0;
  /** How many were sent on this connection: always the first ones. */
  let sentCount = 0;
  let sentLength = 0;

  return {
    getCount: (): number => pushes.length,

    add: (changes: Changes): void => {
      let text = JSON.stringify(changes);
      const isTooLong =
        text.length > MAX_PUSH_LENGTH ||
        length + text.length > MAX_PENDING_LENGTH;
      if (isTooLong) {
        // The room still answers it, in its turn.
        text = NO_CHANGES;
      }
      length += text.length;
      pushes.push({
        id: ++lastId,
        changes,
        covering: [changes],
        text,
        sentAt: 0,
        isTooLong,
      });
    },

    getSent: (): Push[] => pushes.slice(0, sentCount),

    /** When the oldest was sent; nothing or 0 where none was. */
    getSentAt: (): number | undefined => pushes[0]?.sentAt,

    /** The next one to be sent, unless enough is under way. */
    send: (now: number): Push | undefined => {
      const push = pushes[sentCount];
      if (
        !push ||
        (sentCount && sentLength + push.text.length > MAX_IN_FLIGHT_LENGTH)
      ) {
        return undefined;
      }
      sentCount++;
      sentLength += push.text.length;
      push.sentAt = now;
      return push;
    },

    /** None was sent on the connection that begins. */
    unsend: (): void => {
      pushes.forEach((push) => (push.sentAt = 0));
      sentCount = sentLength = 0;
    },

    /** Takes out those up to an id. */
    take: (id: number): Push[] => {
      let count = 0;
      for (const push of pushes) {
        if (!(push.id <= id)) {
          break;
        }
        count++;
        length -= push.text.length;
        if (sentCount) {
          sentCount--;
          sentLength -= push.text.length;
        }
      }
      return pushes.splice(0, count);
    },

    /** Takes out all, and begins to count anew. */
    clear: (): Push[] => {
      lastId = length = sentCount = sentLength = 0;
      return pushes.splice(0);
    },
  };
};
