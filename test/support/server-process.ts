/** A server in a process group of its own, with its state in a folder. */
import {rmSync} from 'node:fs';
import {mkdir, mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {cleanUpAtExit} from './at-exit.js';
import {findFreePort} from './free-port.js';
import {startProcessGroup, type ProcessGroup} from './process-group.js';
import {until} from './until.js';

export interface ServerProcess {
  /** `127.0.0.1:PORT`, as a PartySocket wants it. */
  readonly host: string;
  readonly port: number;
  readonly persistDir: string;
  /** What the server, and so `console.log` in a room, has printed. */
  getOutput(): string;
  /** Ends the server in an orderly way, and removes its temporary folder. */
  stop(): Promise<void>;
  /** Crashes the server. What it stored stays, for `restart`. */
  kill(): Promise<void>;
  /** Starts it again (first crashes it where it runs): same port and storage. */
  restart(): Promise<void>;
}

export interface ServerProcessOptions {
  /** What it is called in errors. */
  name: string;
  /** Where relative paths begin. */
  cwd: string;
  /** Where it stores. A temporary folder unless told. */
  persistDir?: string | undefined;
  /** A fixed port. A free one unless told. */
  port?: number | undefined;
  /** How long it may take until it is ready. 20,000 unless told. */
  timeoutMs?: number | undefined;
  /** Writes what the server needs into its temporary folder. */
  prepare(tempDir: string): Promise<void>;
  getCommand(place: {
    tempDir: string;
    persistDir: string;
    port: number;
  }): string[];
  /** Of what it has printed. */
  isReady(output: string, port: number): boolean;
  /** What it prints when it stays alive but will never serve. */
  failure: RegExp;
}

const MAX_ATTEMPTS = 4;
const PORT_TAKEN = /address already in use|EADDRINUSE/i;

/** Starts a server, and waits until it serves. */
export const startServerProcess = async (
  options: ServerProcessOptions,
): Promise<ServerProcess> => {
  const {name, cwd, timeoutMs = 20_000} = options;
  const tempDir = await mkdtemp(join(tmpdir(), 'rooms-'));
  const forget = cleanUpAtExit(() =>
    rmSync(tempDir, {recursive: true, force: true}),
  );
  const persistDir = resolve(cwd, options.persistDir ?? join(tempDir, 'state'));

  let port = 0;
  let group: ProcessGroup | undefined;

  const attempt = async (): Promise<boolean> => {
    const started = startProcessGroup(
      options.getCommand({tempDir, persistDir, port}),
      {cwd, env: {...process.env, NO_UPDATE_NOTIFIER: '1', FORCE_COLOR: '0'}},
    );
    group = started;
    const isReady = (): boolean => options.isReady(started.getOutput(), port);
    const hasFailed = (): boolean =>
      started.hasExited() ||
      PORT_TAKEN.test(started.getOutput()) ||
      options.failure.test(started.getOutput());
    await until(() => isReady() || hasFailed(), {timeoutMs}).catch(() => {});
    if (isReady() && !hasFailed()) {
      return true;
    }
    const isStuck = !hasFailed();
    await started.kill();
    if (isStuck || PORT_TAKEN.test(started.getOutput())) {
      return false;
    }
    throw new Error(`${name} did not become ready:\n${started.getOutput()}`);
  };

  const start = async (choosePort: () => Promise<number>): Promise<void> => {
    for (let attempts = 1; attempts <= MAX_ATTEMPTS; attempts++) {
      port = await choosePort();
      if (await attempt()) {
        return;
      }
    }
    throw new Error(
      `${name} found its ports taken, or hung, ${MAX_ATTEMPTS} times:\n` +
        group?.getOutput(),
    );
  };

  const clean = async (): Promise<void> => {
    forget();
    await rm(tempDir, {recursive: true, force: true, maxRetries: 5});
  };

  try {
    await mkdir(persistDir, {recursive: true});
    await options.prepare(tempDir);
    await start(async () => options.port ?? (await findFreePort()));
  } catch (error) {
    await clean();
    throw error;
  }

  return {
    host: `127.0.0.1:${port}`,
    port,
    persistDir,
    getOutput: () => group?.getOutput() ?? '',
    stop: async () => {
      await group?.stop();
      await clean();
    },
    kill: async () => {
      await group?.kill();
    },
    restart: async () => {
      await group?.kill();
      await start(async () => port);
    },
  };
};
