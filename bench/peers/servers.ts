/** A peer's server, in a process of its own, with its state in a new folder. */
import {rmSync} from 'node:fs';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {cleanUpAtExit} from '../../test/support/at-exit.js';
import {startPartyKitDev} from '../../test/support/partykit-dev.js';
import {startProcessGroup} from '../../test/support/process-group.js';
import {until} from '../../test/support/until.js';
import {REPOSITORY} from '../servers.js';
import {BUNDLES} from './prepare.js';

export type PeerServer = {
  /** `127.0.0.1:PORT` */
  host: string;
  stop: () => Promise<void>;
};

export const startPartyKit = (main: string): Promise<PeerServer> =>
  startPartyKitDev({main, cwd: REPOSITORY});

/** Starts a bundle that prints its port once it serves. */
const startBundle = async (
  name: string,
  getArgs: (dir: string) => string[],
): Promise<PeerServer> => {
  const dir = await mkdtemp(join(tmpdir(), 'peer-'));
  const forget = cleanUpAtExit(() =>
    rmSync(dir, {recursive: true, force: true}),
  );
  const group = startProcessGroup(
    [process.execPath, join(BUNDLES, `${name}.mjs`), ...getArgs(dir)],
    {cwd: BUNDLES, env: {...process.env, NODE_ENV: 'production'}},
  );
  const stop = async (): Promise<void> => {
    await group.stop();
    forget();
    await rm(dir, {recursive: true, force: true, maxRetries: 5});
  };
  const readPort = (): string | undefined =>
    /Ready on (\d+)/.exec(group.getOutput())?.[1];
  await until(() => readPort() !== undefined || group.hasExited(), {
    timeoutMs: 20_000,
  }).catch(() => {});
  const port = readPort();
  if (port === undefined) {
    await stop();
    throw new Error(`${name} did not become ready:\n${group.getOutput()}`);
  }
  return {host: `127.0.0.1:${port}`, stop};
};

export const startDurableObject = (room: string): Promise<PeerServer> =>
  startBundle('durable-object', (dir) => [join(BUNDLES, `${room}.mjs`), dir]);

export const startSocketIo = (): Promise<PeerServer> =>
  startBundle('socket-io', (dir) => [dir]);
