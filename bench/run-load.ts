/** A load generator in a process of its own. */
import {execFile} from 'node:child_process';
import {join} from 'node:path';
import type {Bench} from './scenario.js';

const TIMEOUT_MS = 300_000;

/** What one of the `load` folder prints, given its options. */
export const runLoad = <Options, Result>(
  {loadDir}: Pick<Bench, 'loadDir'>,
  name: string,
  options: Options,
  nodeFlags: string[] = [],
): Promise<Result> =>
  new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [...nodeFlags, join(loadDir, `${name}.mjs`), JSON.stringify(options)],
      {timeout: TIMEOUT_MS},
      (error, stdout, stderr) => {
        if (error) {
          const [cause] = /^.*Error: .*$/m.exec(stderr) ?? [
            error.signal ?? error.code,
          ];
          reject(new Error(`${name} ended with ${cause}`));
        } else {
          resolve(JSON.parse(stdout) as Result);
        }
      },
    );
  });
