/** A load generator in a process of its own. */
import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {promisify} from 'node:util';
import type {Bench} from './scenario.js';

/** What one of the `load` folder prints, given its options. */
export const runLoad = async <Options, Result>(
  {loadDir}: Pick<Bench, 'loadDir'>,
  name: string,
  options: Options,
  nodeFlags: string[] = [],
): Promise<Result> => {
  const {stdout} = await promisify(execFile)(process.execPath, [
    ...nodeFlags,
    join(loadDir, `${name}.mjs`),
    JSON.stringify(options),
  ]);
  return JSON.parse(stdout) as Result;
};
