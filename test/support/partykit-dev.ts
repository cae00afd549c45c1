import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {cleanUpAtExit} from './at-exit.js';
import {findFreePort} from './free-port.js';
import {startProcessGroup, type ProcessGroup} from './process-group.js';
import {until} from './until.js';

export interface PartyKitDevOptions {
  /** The room's file, inside `cwd`, for example `test/rooms/echo.ts`. */
  main: string;
  /** Where rooms are stored. A temporary folder unless told. */
  persistDir?: string;
  /** The folder that `partykit dev` runs in. The repository unless told. */
  cwd?: string;
  /** What rooms find in `room.env`. */
  vars?: Record<string, unknown>;
  /** More of what a `partykit.json` may hold: `serve`, `define`, `parties`. */
  config?: Record<string, unknown>;
  /** A fixed port. A free one unless told. */
  port?: number;
  /** How long it may take until it is ready. 20,000 unless told. */
  timeoutMs?: number;
}

export interface PartyKitDev {
  /** `127.0.0.1:PORT`, as a PartySocket wants it. */
  readonly host: string;
  readonly port: number;
  readonly persistDir: string;
  /** What `partykit dev`, and so `console.log` in a room, has printed. */
  getOutput(): string;
  /** Ends the server in an orderly way, and removes its temporary folder. */
  stop(): Promise<void>;
  /** Crashes the server. What it stored stays, for `restart`. */
  kill(): Promise<void>;
  /** Starts it again (first crashes it where it runs): same port and storage. */
  restart(): Promise<void>;
}

// Elsewhere than its bundles.
const REPOSITORY = fileURLToPath(
  new URL(process.env.REPOSITORY ?? '../..', import.meta.url),
);
const CLI = join(REPOSITORY, 'node_modules/partykit/dist/bin.mjs');
const MAX_ATTEMPTS = 4;

// What it prints when it stays alive but will never serve.
const FAILURE =
  /address already in use|EADDRINUSE|Error reloading local server|\[ERROR\]/i;
const PORT_TAKEN = /address already in use|EADDRINUSE/i;

/** Starts `partykit dev` with one room file, and waits until it serves. */
export const startPartyKitDev = async (
  options: PartyKitDevOptions,
): Promise<PartyKitDev> => {
  const {cwd = REPOSITORY, timeoutMs = 20_000} = options;
  const tempDir = await mkdtemp(join(tmpdir(), 'partykit-dev-'));
  const forget = cleanUpAtExit(() =>
    rmSync(tempDir, {recursive: true, force: true}),
  );
  const persistDir = options.persistDir ?? join(tempDir, 'state');
  const configFile = join(tempDir, 'partykit.json');
  await writeFile(configFile, JSON.stringify(createConfig(options)));

  let port = 0;
  let group: ProcessGroup | undefined;

  const attempt = async (): Promise<boolean> => {
    const started = startProcessGroup(
      [
        ...[process.execPath, CLI, 'dev', options.main],
        ...['--config', configFile, '--port', `${port}`],
        ...['--persist', resolve(cwd, persistDir)],
        ...['--disable-request-cf-fetch', '--no-hotkeys'],
      ],
      {cwd, env: {...process.env, NO_UPDATE_NOTIFIER: '1', FORCE_COLOR: '0'}},
    );
    group = started;
    const isReady = (): boolean =>
      started.getOutput().includes(`Ready on http://0.0.0.0:${port}`);
    const hasFailed = (): boolean =>
      started.hasExited() || FAILURE.test(started.getOutput());
    await until(() => isReady() || hasFailed(), {timeoutMs}).catch(() => {});
    if (isReady() && !hasFailed()) {
      return true;
    }
    const isStuck = !hasFailed();
    await started.kill();
    if (isStuck || PORT_TAKEN.test(started.getOutput())) {
      return false;
    }
    throw new Error(
      `partykit dev did not become ready:\n${started.getOutput()}`,
    );
  };

  const start = async (choosePort: () => Promise<number>): Promise<void> => {
    for (let attempts = 1; attempts <= MAX_ATTEMPTS; attempts++) {
      port = await choosePort();
      if (await attempt()) {
        return;
      }
    }
    throw new Error(
      `partykit dev found its ports taken, or hung, ${MAX_ATTEMPTS} times:\n` +
        group?.getOutput(),
    );
  };

  const clean = async (): Promise<void> => {
    forget();
    await rm(tempDir, {recursive: true, force: true, maxRetries: 5});
  };

  try {
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

// The repository's own partykit.json builds the demo: rooms under test must
// not, so each server has a file of its own.
const createConfig = ({
  vars = {},
  config = {},
}: PartyKitDevOptions): Record<string, unknown> => ({
  name: 'test',
  compatibilityDate: '2024-07-18',
  vars,
  ...(process.env.TINYBASE == null
    ? {}
    : {build: {alias: {tinybase: process.env.TINYBASE}}}),
  ...config,
});
