/** Errors that come again and again, each told once while it does. */
import {describeError} from './errors.js';
import type {Reporter} from './reporter.js';

export type ErrorLog = {
  log(error: unknown, room?: string): void;
  /** It goes well again: what comes next is news. */
  clear(room: string): void;
};

/** So many that differ are remembered; it is as good as all that there are. */
const MAX_TEXTS = 20;

export const createErrorLog = (reporter: Reporter): ErrorLog => {
  /** By room: what was told since it went well, and how often any came. */
  const told = new Map<string, {texts: Set<string>; count: number}>();
  return {
    log: (error, room = '') => {
      const text = describeError(error);
      const trouble = told.get(room) ?? {texts: new Set(), count: 0};
      told.set(room, trouble);
      trouble.count++;
      if (trouble.texts.has(text)) {
        return;
      }
      if (trouble.texts.size >= MAX_TEXTS) {
        trouble.texts.clear();
      }
      trouble.texts.add(text);
      reporter.error(text, {event: 'error', ...(room ? {room} : {})});
    },
    clear: (room) => {
      const count = told.get(room)?.count ?? 0;
      if (told.delete(room) && count > 1) {
        reporter.note(`It goes well again, after ${count} errors.`, {
          event: 'recovered',
          room,
          errors: count,
        });
      }
    },
  };
};
