/** Examples of the docs as processes of their own, and what those print. */
import {type ChildProcess, spawn} from 'node:child_process';
import {mkdir, mkdtemp, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {build} from 'esbuild';
import {onTestFinished} from 'vitest';
import {REPOSITORY} from './run.js';

export type Printed = {output: string; errors: string; hasEnded: boolean};

/** What a process prints; it ends with the test. */
const collect = (child: ChildProcess): Printed => {
  const printed: Printed = {output: '', errors: '', hasEnded: false};
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

export const runShell = (code: string): Printed =>
  collect(spawn('/bin/sh', ['-c', code]));

/** Runs TypeScript in Node; what it imports of this library is the source. */
export const runTypeScript = async (
  contents: string,
  env: Record<string, string> = {},
): Promise<Printed> => {
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
    alias: {
      'tinybase-partykit/webhook': join(REPOSITORY, 'src/webhook/index.ts'),
    },
  });
  return collect(
    spawn(process.execPath, [outfile], {env: {...process.env, ...env}}),
  );
};
