/** Errors that come again and again, each told once while it does. */
import {describeError} from './errors.js';
import type {Reporter} from './reporter.js';

export type ErrorLog = {
  log(error: unknown, room?: string): void;
  /** It goes well again: what comes next is news. */
  clear(room: string): void;
};

export const createErrorLog = (reporter: Reporter): ErrorLog => {
  /** By room: what was told last, and how often it came. */
  const told = new Map<string, {text: string; count: number}>();
  return {
    log: (error, room = '') => {
      const text = describeError(error);
      const last = told.get(room);
      if (last?.text === text) {
        last.count++;
        return;
      }
      told.set(room, {text, count: 1});
      reporter.error(text, {event: 'error', ...(room ? {room} : {})});
    },
    clear: (room) => {
      const count = told.get(room)?.count ?? 0;
      if (told.delete(room) && count > 1) {
        reporter.note(`That came ${count} times; it goes well again.`, {
          event: 'recovered',
          room,
          errors: count,
        });
      }
    },
  };
};
