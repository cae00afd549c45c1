/** Rooms as Durable Objects of a Worker, on a current workerd. */
import {writeFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {bundleWorker, RUNTIME, type WorkerSource} from './bundle-worker.js';
import {REPOSITORY} from './repository.js';
import {startServerProcess, type ServerProcess} from './server-process.js';

/** SQLite-backed objects may use all of `ctx.storage`, and store larger values. */
export type ObjectStorage = 'sqlite' | 'kv';

export interface WorkerdOptions extends WorkerSource {
  /** SQLite-backed unless told. */
  storage?: ObjectStorage;
  persistDir?: string | undefined;
  /** What is in `env` beside the namespaces of the objects. */
  vars?: Record<string, unknown>;
  port?: number | undefined;
  timeoutMs?: number | undefined;
}

export interface Workerd extends ServerProcess {
  /**
   * Has an object sleep, as it would after ten seconds without an event, once it
   * has answered what it was asked: its memory is lost, its sockets stay open.
   * Answers false where it was not awake.
   */
  evict(binding: string, name: string): Promise<boolean>;
}

/** Cloudflare's own, of the day of the workerd that is installed. */
const COMPATIBILITY_DATE = '2026-10-23';

/** Starts a workerd with a Worker, and waits until it serves. */
export const startWorkerd = async (
  options: WorkerdOptions,
): Promise<Workerd> => {
  const {storage = 'sqlite', vars = {}} = options;
  const server = await startServerProcess({
    name: 'workerd',
    cwd: REPOSITORY,
    persistDir: options.persistDir,
    port: options.port,
    timeoutMs: options.timeoutMs,
    prepare: async (tempDir) => {
      await Promise.all([
        bundleWorker(options, {storage, outfile: join(tempDir, 'worker.mjs')}),
        writeFile(join(tempDir, 'control.mjs'), CONTROL),
        writeFile(
          join(tempDir, 'config.capnp'),
          createConfig(Object.keys(options.objects), vars, storage),
        ),
      ]);
    },
    getCommand: ({tempDir, persistDir, port}) => [
      ...[findBinary(), 'serve', '--experimental', '--control-fd=1'],
      ...['--socket-addr', `http=127.0.0.1:${port}`],
      ...['--directory-path', `disk=${persistDir}`],
      join(tempDir, 'config.capnp'),
    ],
    isReady: (output) =>
      ['http', 'control'].every((socket) => findPort(output, socket)),
    failure: /\*\*\* Fatal/,
  });
  return {
    ...server,
    evict: async (binding, name) => {
      const port = findPort(server.getOutput(), 'control');
      const response = await fetch(
        `http://127.0.0.1:${port}?${new URLSearchParams({binding, name})}`,
      );
      if (!response.ok) {
        throw new Error(`${binding} ${name} cannot sleep: ${response.status}`);
      }
      return (await response.json()) as boolean;
    },
  };
};

/** Which port a socket listens on, once the output says so. */
const findPort = (output: string, socket: string): string | undefined =>
  new RegExp(`"event":"listen","socket":"${socket}","port":(\\d+)`).exec(
    output,
  )?.[1];

const findBinary = (): string => {
  try {
    return (createRequire(`${RUNTIME}/`)('workerd') as {default: string})
      .default;
  } catch (cause) {
    throw new Error('Run npm ci --prefix test/partyserver first.', {cause});
  }
};

/** A Worker apart from the one under test, which needs no rights for it. */
const CONTROL = `
  import unsafe from 'workerd:unsafe';
  export default {
    fetch: async ({url}, env) => {
      const {searchParams} = new URL(url);
      const objects = env[searchParams.get('binding')];
      try {
        await unsafe.evict(objects.get(objects.idFromName(searchParams.get('name'))));
        return Response.json(true);
      } catch (error) {
        if (/not currently running/.test(error.message)) {
          return Response.json(false);
        }
        throw error;
      }
    },
  };
`;

const createConfig = (
  bindings: readonly string[],
  vars: Record<string, unknown>,
  storage: ObjectStorage,
): string => `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "worker", worker = (
      compatibilityDate = "${COMPATIBILITY_DATE}",
      modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
      bindings = [
        ${[
          ...bindings.map(
            (name) => `(name = "${name}", durableObjectNamespace = "${name}")`,
          ),
          ...Object.entries(vars).map(
            ([name, value]) => `(name = "${name}", ${encodeVar(value)})`,
          ),
        ].join(',\n        ')}
      ],
      durableObjectNamespaces = [
        ${bindings
          .map(
            (name) =>
              `(className = "${name}", uniqueKey = "${name}", ` +
              `enableSql = ${storage == 'sqlite'})`,
          )
          .join(',\n        ')}
      ],
      durableObjectStorage = (localDisk = "disk"),
      globalOutbound = "network",
    )),
    (name = "control", worker = (
      compatibilityDate = "${COMPATIBILITY_DATE}",
      compatibilityFlags = ["unsafe_module"],
      modules = [(name = "control.mjs", esModule = embed "control.mjs")],
      bindings = [
        ${bindings
          .map(
            (name) =>
              `(name = "${name}", durableObjectNamespace = ` +
              `(className = "${name}", serviceName = "worker"))`,
          )
          .join(',\n        ')}
      ],
    )),
    (name = "disk", disk = (writable = true)),
    (name = "network", network = (
      allow = ["public", "private"],
      tlsOptions = (trustBrowserCas = true),
    )),
  ],
  sockets = [
    (name = "http", http = (), service = "worker"),
    (name = "control", address = "127.0.0.1:0", http = (), service = "control"),
  ],
);
`;

const encodeVar = (value: unknown): string =>
  typeof value == 'string'
    ? `text = ${JSON.stringify(value)}`
    : `json = ${JSON.stringify(JSON.stringify(value))}`;
