import {test} from 'vitest';

/**
 * `test` where it makes sense to ask, and else nothing: not even a skipped test,
 * of which there may be none where all is checked.
 */
export const testWhere = (applies: boolean): typeof test =>
  applies ? test : ((() => {}) as unknown as typeof test);
