/** What `onIgnoredError` is told, besides what `fetch` gives. */
import type {Changes} from '../protocol/changes.js';

const createError = (name: string, message: string, changes: Changes[]) =>
  Object.assign(new Error(message), {name, changes});

export const createRefusedError = (changes: Changes[]) =>
  createError(
    'RefusedError',
    'The room refused a change, which is rolled back: its hooks, its schema ' +
      'or its limits do not allow it.',
    changes,
  );

export const createLostError = (changes: Changes[]) =>
  createError(
    'LostError',
    'The room had not answered these changes when the Persister was destroyed ' +
      'or its connection moved to another room: wait for getPendingCount() to ' +
      'be 0 before.',
    changes,
  );
