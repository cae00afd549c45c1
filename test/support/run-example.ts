/** Examples of the docs as processes of their own, and what those print. */
import {type ChildProcess, spawn} from 'node:child_process';
import {mkdir, mkdtemp, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {build} from 'esbuild';
import {onTestFinished} from 'vitest';
import {REPOSITORY} from './run.js';

export type Printed = {
  output: string;
  errors: string;
  hasEnded: boolean;
  /** Resolves when it has ended. */
  end(signal: NodeJS.Signals): Promise<void>;
};

/** What a process prints; it ends with the test. */
const collect = (child: ChildProcess): Printed => {
  const printed: Printed = {
    output: '',
    errors: '',
    hasEnded: false,
    end: (signal) =>
      new Promise((resolve) => {
        if (printed.hasEnded) {
          resolve();
        }
        child.on('close', () => resolve());
        child.kill(signal);
      }),
  };
  onTestFinished(() => void child.kill());
  child.stdout!.on(
    'data',
    (data: Buffer) => (printed.output += data.toString()),
  );
  child.stderr!.on(
    'data',
    (data: Buffer) => (printed.errors += data.toString()),
  );
  child.on('close', () => {
    printed.hasEnded = true;
  });
  return printed;
};

export const runShell = (code: string, cwd = REPOSITORY): Printed =>
  collect(spawn('/bin/sh', ['-c', code], {cwd}));

// The longest name first: esbuild takes `mirror` for a beginning of others.
const ALIAS = Object.fromEntries(
  [
    'webhook',
    'mirror/contract',
    'mirror/mongodb',
    'mirror/redis',
    'mirror/sql',
    'mirror',
  ].map((path) => [
    `tinybase-partykit/${path}`,
    join(REPOSITORY, 'src', path, 'index.ts'),
  ]),
);

/** As JavaScript for Node; what it imports of this library is the source. */
const buildExample = async (contents: string): Promise<string> => {
  // Inside the repository, for packages to be found.
  const folders = join(REPOSITORY, '.examples');
  await mkdir(folders, {recursive: true});
  const folder = await mkdtemp(`${folders}/`);
  onTestFinished(() => rm(folder, {recursive: true, force: true}));
  const outfile = join(folder, 'example.mjs');
  await build({
    stdin: {contents, loader: 'ts', resolveDir: REPOSITORY},
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    alias: ALIAS,
  });
  return outfile;
};

/** What an example exports. */
export const importTypeScript = async (contents: string): Promise<any> =>
  import(await buildExample(contents));

/** Runs TypeScript in Node. */
export const runTypeScript = async (
  contents: string,
  env: Record<string, string> = {},
  {cwd = REPOSITORY, args = []}: {cwd?: string; args?: string[]} = {},
): Promise<Printed> => {
  const path = await buildExample(contents);
  return collect(
    spawn(process.execPath, [path, ...args], {
      cwd,
      env: {...process.env, ...env},
    }),
  );
};
