/** A folder of a test's own. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {onTestFinished} from 'vitest';

/** Creates a folder, which is removed when the test is over. */
export const createFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'tinybase-partykit-'));
  onTestFinished(() => rm(folder, {recursive: true, force: true}));
  return folder;
};
