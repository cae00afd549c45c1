/** A mirror in a process of its own, which may be killed at any moment. */
import {type ChildProcess, spawn} from 'node:child_process';
import {mkdir, mkdtemp, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {build} from 'esbuild';
import {onTestFinished} from 'vitest';
import {cleanUpAtExit} from '../at-exit.js';
import type {ChaosMirrorOptions} from './mirror.js';
import {REPOSITORY} from '../run.js';
import {until} from '../until.js';

export type MirrorProcess = {
  /** Resolves when it follows; tries until then. */
  start(): Promise<void>;
  isRunning(): boolean;
  /** SIGKILL; resolves when it has ended. */
  kill(): Promise<void>;
  /** Kills it, and it does not start any more. */
  retire(): Promise<void>;
  /** SIGSTOP until `resume`: its clock and connections stay. */
  pause(): void;
  resume(): void;
  /** Rejects where it ends by itself when it is ready. */
  readonly crash: Promise<never>;
  /** The errors that it has ignored, as it says them. */
  getOutput(): string;
};

const MAX_OUTPUT = 100_000;

/** Bundles the mirror once for a test; it is removed with it. */
export const bundleMirror = async (): Promise<string> => {
  // Inside the repository, for packages to be found.
  const folders = join(REPOSITORY, '.examples');
  await mkdir(folders, {recursive: true});
  const folder = await mkdtemp(`${folders}/`);
  onTestFinished(() => rm(folder, {recursive: true, force: true}));
  const outfile = join(folder, 'mirror.mjs');
  await build({
    entryPoints: [join(REPOSITORY, 'test/support/chaos/mirror.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
  });
  return outfile;
};

type Run = {
  child: ChildProcess;
  isReady: boolean;
  isKilled: boolean;
  ended: Promise<void>;
};

export const createMirrorProcess = (
  file: string,
  options: ChaosMirrorOptions,
): MirrorProcess => {
  let run: Run | undefined;
  let isRetired = false;
  let output = '';
  let fail = (_error: Error): void => {};
  const crash = new Promise<never>((_, reject) => (fail = reject));
  crash.catch(() => {});

  const isRunning = (): boolean =>
    run?.child.exitCode === null && run.child.signalCode === null;

  const kill = async (): Promise<void> => {
    if (run) {
      run.isKilled = true;
      run.child.kill('SIGKILL');
      await run.ended;
    }
  };
  onTestFinished(kill);

  const spawnRun = (): Run => {
    const child = spawn(process.execPath, [file], {
      env: {...process.env, CHAOS_MIRROR: JSON.stringify(options)},
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const forget = cleanUpAtExit(() => child.kill('SIGKILL'));
    const spawned: Run = {
      child,
      isReady: false,
      isKilled: false,
      ended: new Promise((resolve) =>
        child.once('close', () => {
          forget();
          if (spawned.isReady && !spawned.isKilled) {
            fail(new Error(`The mirror has ended by itself:\n${output}`));
          }
          resolve();
        }),
      ),
    };
    const collect = (data: Buffer): void => {
      output = (output + data.toString()).slice(-MAX_OUTPUT);
    };
    child.stderr.on('data', collect);
    child.stdout.on('data', (data: Buffer) => {
      spawned.isReady = true;
      collect(data);
    });
    return spawned;
  };

  return {
    isRunning,
    kill,
    crash,
    getOutput: () => output,
    pause: () => void run?.child.kill('SIGSTOP'),
    resume: () => void run?.child.kill('SIGCONT'),
    start: async () => {
      await until(
        () => {
          // It ends where the database does not answer when it starts.
          if (!isRetired && !isRunning()) {
            run = spawnRun();
          }
          return isRetired || run?.isReady;
        },
        {
          // The database may be down time and again.
          timeoutMs: 120_000,
          intervalMs: 20,
          message: () =>
            `the mirror is ready (${isRunning() ? 'running' : 'ended'}):\n` +
            output.slice(-5_000),
        },
      );
    },
    retire: async () => {
      isRetired = true;
      await kill();
    },
  };
};
