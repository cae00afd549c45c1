/** A database server that a test has for itself, and may crash. */
import {existsSync, rmSync} from 'node:fs';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {setTimeout} from 'node:timers/promises';
import {join} from 'node:path';
import {cleanUpAtExit} from '../at-exit.js';
import {findFreePort} from '../free-port.js';
import {type ProcessGroup, startProcessGroup} from '../process-group.js';
import {until} from '../until.js';

export interface PrivateDatabase {
  readonly url: string;
  /** Crashes it: SIGKILL to all of its processes. What it stored stays. */
  kill(): Promise<void>;
  /** Starts it again (first crashes it where it runs): same port and files. */
  restart(): Promise<void>;
  /** Ends it in an orderly way, and removes its files. */
  stop(): Promise<void>;
}

/** What differs between databases. */
export interface DatabaseServer {
  readonly name: string;
  /** Makes what it needs in an empty folder. */
  install(folder: string): Promise<void>;
  /** The command that serves at a port of 127.0.0.1. */
  getCommand(folder: string, port: number): string[];
  getUrl(port: number): string;
  /** Throws while it does not answer. */
  ask(url: string): Promise<void>;
  /** Kills those of its processes that are in no group with the first. */
  killOthers?(folder: string): Promise<void>;
}

/**
 * Whether tests have to be skipped because the server is not installed at this
 * path, which it then says on stderr. With `REQUIRE_DATABASES=1` it throws.
 */
export const isServerMissing = (path: string): boolean => {
  const isMissing = !existsSync(path);
  if (isMissing && process.env.REQUIRE_DATABASES === '1') {
    throw new Error(`REQUIRE_DATABASES=1, but there is no ${path}: install it`);
  }
  if (isMissing) {
    process.stderr.write(`\nTESTS SKIPPED: there is no ${path}.\n\n`);
  }
  return isMissing;
};

const TIMEOUT_MS = 30_000;

export const startPrivateDatabase = async (
  server: DatabaseServer,
): Promise<PrivateDatabase> => {
  const folder = await mkdtemp(join(tmpdir(), `private-${server.name}-`));
  const forget = cleanUpAtExit(() =>
    rmSync(folder, {recursive: true, force: true}),
  );
  let port = 0;
  let group: ProcessGroup | undefined;

  /** Whether it answers; else it has ended, its port taken for one. */
  const attempt = async (): Promise<boolean> => {
    const started = startProcessGroup(server.getCommand(folder, port), {
      env: process.env,
    });
    group = started;
    const answers = async (): Promise<boolean> => {
      await server.ask(server.getUrl(port));
      return true;
    };
    return await until(
      async () => (started.hasExited() ? 'ended' : await answers()),
      {
        timeoutMs: TIMEOUT_MS,
        intervalMs: 20,
        message: () => `${server.name} answers:\n${started.getOutput()}`,
      },
    ).then((result) => result === true);
  };

  const start = async (choosePort: () => Promise<number>): Promise<void> => {
    // What was killed may take a moment to be gone, with the memory it shared.
    const deadline = performance.now() + TIMEOUT_MS;
    do {
      port = await choosePort();
      if (await attempt()) {
        return;
      }
      await setTimeout(100);
    } while (performance.now() < deadline);
    throw new Error(`${server.name} did not start:\n${group?.getOutput()}`);
  };

  const kill = async (): Promise<void> => {
    if (group && !group.hasExited()) {
      await server.killOthers?.(folder);
    }
    await group?.kill();
  };

  const clean = async (): Promise<void> => {
    forget();
    await rm(folder, {recursive: true, force: true, maxRetries: 5});
  };

  try {
    await server.install(folder);
    await start(findFreePort);
  } catch (error) {
    await kill();
    await clean();
    throw error;
  }

  return {
    url: server.getUrl(port),
    kill,
    restart: async () => {
      await kill();
      await start(async () => port);
    },
    stop: async () => {
      await group?.stop(10_000);
      await clean();
    },
  };
};
