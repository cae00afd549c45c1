/**
 * PartyKit's facade in a workerd whose heap has a limit, as a Durable Object's
 * has in production: `partykit dev` offers none.
 */
import {type ChildProcess, spawn} from 'node:child_process';
import {rmSync} from 'node:fs';
import {mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {build} from 'esbuild';
import {cleanUpAtExit} from '../test/support/at-exit.js';
import {findFreePort} from '../test/support/free-port.js';
import {until} from '../test/support/until.js';
import {REPOSITORY} from './servers.js';
import {getPeakBytes, resetPeak} from './workerd.js';

export type LimitedWorkerd = {
  host: string;
  /** Starts it, or starts it again on what it has stored. */
  start: () => Promise<void>;
  /** Whether it has run out of memory. */
  hasDied: () => boolean;
  /** The most that it has had in memory beyond what it had at `markPeak`. */
  getPeakBytes: () => number;
  markPeak: () => void;
  stop: () => Promise<void>;
};

const MODULE = 'rooms.js';

const createConfig = (parties: string[], port: number, heapMb: number) => `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  v8Flags = ["--max-heap-size=${heapMb}"],
  services = [
    (name = "main", worker = (
      modules = [
        (name = "${MODULE}", esModule = embed "${MODULE}"),
        (name = "__STATIC_ASSETS_MANIFEST__", esModule = "export default {}"),
      ],
      compatibilityDate = "2024-07-18",
      compatibilityFlags = ["nodejs_compat"],
      durableObjectNamespaces = [${parties
        .map((party) => `(className = "${party}DO", uniqueKey = "${party}")`)
        .join(', ')}],
      durableObjectStorage = (localDisk = "disk"),
      bindings = [
        ${parties
          .map(
            (party) =>
              `(name = "${party}", durableObjectNamespace = "${party}DO"),`,
          )
          .join('\n        ')}
        (name = "PARTYKIT_CRONS", json = "{}"),
      ],
    )),
    (name = "disk", disk = (path = "disk", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);
`;

/** What `partykit dev` makes of rooms: its facade with the parties in it. */
const bundle = async (
  parties: {[party: string]: string},
  outfile: string,
): Promise<void> => {
  const facade = await readFile(
    join(REPOSITORY, 'node_modules/partykit/dist/generated.js'),
    'utf8',
  );
  const [main] = Object.values(parties);
  const imports = Object.entries(parties).map(
    ([party, path]) =>
      `import ${party} from '${path}';
       export const ${party}DO = createDurable(${party}, {name: '${party}'});
       Workers.${party} = ${party};`,
  );
  await build({
    stdin: {
      contents: facade
        .replace('__WORKER__', main!)
        .replace('__R2_BINDINGS__', '[]')
        .replace('__KV_BINDINGS__', '[]')
        .replace('__PARTIES__', imports.join('\n')),
      resolveDir: REPOSITORY,
    },
    bundle: true,
    format: 'esm',
    outfile,
    conditions: ['partykit', 'workerd', 'worker'],
    external: ['node:*', '__STATIC_ASSETS_MANIFEST__'],
    alias: {buffer: 'node:buffer', events: 'node:events'},
    define: {PARTYKIT_HOST: '""', PARTYKIT_API_BASE: '""'},
    logLevel: 'warning',
  });
};

/** The binary that `partykit dev` runs. */
const findBinary = (): string => {
  const partykit = createRequire(`${REPOSITORY}node_modules/partykit/`);
  const miniflare = createRequire(partykit.resolve('miniflare'));
  return (miniflare('workerd') as {default: string}).default;
};

export const createLimitedWorkerd = async (
  /** The files of rooms, absolute. */
  parties: {[party: string]: string},
  heapMb: number,
): Promise<LimitedWorkerd> => {
  const cwd = await mkdtemp(join(tmpdir(), 'limited-workerd-'));
  const port = await findFreePort();
  await mkdir(join(cwd, 'disk'));
  await bundle(parties, join(cwd, MODULE));
  await writeFile(
    join(cwd, 'config.capnp'),
    createConfig(Object.keys(parties), port, heapMb),
  );
  let child: ChildProcess | undefined;
  let markedBytes = 0;
  const forget = cleanUpAtExit(() => {
    child?.kill('SIGKILL');
    rmSync(cwd, {recursive: true, force: true});
  });
  const hasDied = () =>
    child?.exitCode != undefined || child?.signalCode != undefined;
  const end = async () => {
    if (child && !hasDied()) {
      const exited = new Promise((resolve) => child!.once('exit', resolve));
      child.kill('SIGKILL');
      await exited;
    }
  };

  return {
    host: `127.0.0.1:${port}`,
    start: async () => {
      await end();
      child = spawn(findBinary(), ['serve', '--experimental', 'config.capnp'], {
        cwd,
        stdio: 'ignore',
      });
      const [party] = Object.keys(parties);
      await until(
        () =>
          fetch(`http://127.0.0.1:${port}/parties/${party}/warm/store`).then(
            ({ok}) => ok,
            () => false,
          ),
        {timeoutMs: 20_000},
      );
    },
    hasDied,
    markPeak: () => {
      resetPeak(child!.pid!);
      markedBytes = getPeakBytes(child!.pid!);
    },
    getPeakBytes: () => getPeakBytes(child!.pid!) - markedBytes,
    stop: async () => {
      await end();
      forget();
      await rm(cwd, {recursive: true, force: true});
    },
  };
};
