/** The command as a user has it: built, and run as a process of its own. */
import {type ChildProcess, spawn} from 'node:child_process';
import {cp, mkdir, mkdtemp, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {build} from 'esbuild';
import {onTestFinished} from 'vitest';
import {REPOSITORY} from './run.js';

export interface CommandLine {
  /** The executable, `dist/cli/index.js` of a package. */
  readonly path: string;
  remove(): Promise<void>;
}

export interface RunningCommand {
  readonly child: ChildProcess;
  readonly printed: {stdout: string; stderr: string};
  /** Resolves when it has ended; the code is null where a signal has ended it. */
  readonly ended: Promise<{code: number | null}>;
}

export interface CommandResult {
  /** Null where a signal has ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

export type CommandOptions = {
  env?: Record<string, string>;
  /** What comes by stdin; nothing unless told. */
  input?: string | Uint8Array;
};

/** What a user installs besides it, or not. */
const DRIVERS = [
  'kysely',
  'mysql2',
  'pg',
  'better-sqlite3',
  'ioredis',
  'mongodb',
];

/**
 * Builds the command. Packages stay those of this repository, if it is built inside
 * of that, as it is unless told.
 */
export const buildCommandLine = async ({
  folder: folders = join(REPOSITORY, '.examples'),
} = {}): Promise<CommandLine> => {
  const isInside = folders.startsWith(REPOSITORY);
  await mkdir(folders, {recursive: true});
  const folder = await mkdtemp(`${folders}/cli-`);
  const path = join(folder, 'dist/cli/index.js');
  await build({
    entryPoints: [join(REPOSITORY, 'src/cli/index.ts')],
    outdir: join(folder, 'dist/cli'),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    ...(isInside ? {packages: 'external'} : {external: DRIVERS}),
  });
  await cp(join(REPOSITORY, 'package.json'), join(folder, 'package.json'));
  return {path, remove: () => rm(folder, {recursive: true, force: true})};
};

/** Starts it; it ends with the test. */
export const startCommand = (
  {path}: CommandLine,
  args: string[],
  {env = {}, input = ''}: CommandOptions = {},
): RunningCommand => {
  const child = spawn(process.execPath, [path, ...args], {
    // Nothing of the test's own: no variable of a user's.
    env: {PATH: process.env.PATH, ...env},
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const printed = {stdout: '', stderr: ''};
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8');
    child[name].on('data', (text: string) => (printed[name] += text));
  }
  // It may end without having read all of it.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const ended = new Promise<{code: number | null}>((resolve) => {
    child.on('close', (code) => resolve({code}));
  });
  return {child, printed, ended};
};

/** Runs it until it ends. */
export const runCommand = async (
  commandLine: CommandLine,
  args: string[],
  options?: CommandOptions,
): Promise<CommandResult> => {
  const {printed, ended} = startCommand(commandLine, args, options);
  const {code} = await ended;
  return {code, ...printed};
};
