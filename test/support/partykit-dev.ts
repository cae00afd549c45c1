/** Rooms on the `partykit dev` that PartyKit itself brings. */
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {REPOSITORY} from './repository.js';
import type {RoomServerOptions} from './room-server.js';
import {startServerProcess, type ServerProcess} from './server-process.js';

export interface PartyKitDevOptions extends RoomServerOptions {
  /** The folder that `partykit dev` runs in. The repository unless told. */
  cwd?: string;
  /** More of what a `partykit.json` may hold: `serve`, `define`. */
  config?: Record<string, unknown>;
}

export type PartyKitDev = ServerProcess;

const CLI = join(REPOSITORY, 'node_modules/partykit/dist/bin.mjs');

/** Starts `partykit dev` with a room's file, and waits until it serves. */
export const startPartyKitDev = (
  options: PartyKitDevOptions,
): Promise<PartyKitDev> => {
  const {cwd = REPOSITORY, persistDir, port, timeoutMs} = options;
  const getConfigFile = (tempDir: string): string =>
    join(tempDir, 'partykit.json');
  return startServerProcess({
    name: 'partykit dev',
    cwd,
    persistDir,
    port,
    timeoutMs,
    prepare: (tempDir) =>
      writeFile(getConfigFile(tempDir), JSON.stringify(createConfig(options))),
    getCommand: (place) => [
      ...[process.execPath, CLI, 'dev', options.main],
      ...['--config', getConfigFile(place.tempDir), '--port', `${place.port}`],
      ...['--persist', place.persistDir],
      ...['--disable-request-cf-fetch', '--no-hotkeys'],
    ],
    isReady: (output, port) =>
      output.includes(`Ready on http://0.0.0.0:${port}`),
    failure: /Error reloading local server|\[ERROR\]/i,
  });
};

// The repository's own partykit.json builds the demo: rooms under test must
// not, so each server has a file of its own.
const createConfig = ({
  vars = {},
  parties = {},
  config = {},
}: PartyKitDevOptions): Record<string, unknown> => ({
  name: 'test',
  compatibilityDate: '2024-07-18',
  vars,
  parties: Object.fromEntries(
    Object.entries(parties).map(([party, file]) => [
      party,
      join(REPOSITORY, file),
    ]),
  ),
  ...(process.env.TINYBASE == null
    ? {}
    : {build: {alias: {tinybase: process.env.TINYBASE}}}),
  ...config,
});
