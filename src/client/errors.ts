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

export const createMovedError = (changes: Changes[]) =>
  createError(
    'MovedError',
    'The connection moved to another room before the one it left had ' +
      'answered these changes: wait for the sync state `synced` first.',
    changes,
  );
