import {execFile} from 'node:child_process';
import {fileURLToPath} from 'node:url';

/** The folder of this repository, without a slash at its end. */
export const REPOSITORY = fileURLToPath(
  new URL('../..', import.meta.url),
).replace(/\/$/, '');

export interface RunResult {
  exitCode: number;
  /** Both streams, stdout first. */
  output: string;
}

/** Runs a command until it ends. A failure is a result, not an error. */
export const run = (
  command: string,
  args: string[],
  cwd: string = REPOSITORY,
): Promise<RunResult> =>
  new Promise((resolve) => {
    const env = {...process.env, NO_COLOR: '1', FORCE_COLOR: '0'};
    execFile(command, args, {cwd, env}, (error, stdout, stderr) =>
      resolve({
        exitCode:
          error == null ? 0 : typeof error.code === 'number' ? error.code : 1,
        output: `${stdout}${stderr}`,
      }),
    );
  });

/** Runs a JavaScript file of a package in node_modules. */
export const runBin = (
  path: string,
  args: string[],
  cwd?: string,
): Promise<RunResult> =>
  run(process.execPath, [`${REPOSITORY}/node_modules/${path}`, ...args], cwd);
