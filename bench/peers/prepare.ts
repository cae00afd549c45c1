/** Installs what peers need, and bundles what is run of them. */
import {build, type BuildOptions} from 'esbuild';
import {installOnce} from '../install-once.js';
import {REPOSITORY} from '../servers.js';

const PEERS_DIR = `${REPOSITORY}bench/peers`;
/** Where their imports find what is installed for them. */
export const BUNDLES = `${PEERS_DIR}/node_modules/.cache/bundle`;

const bundle = async (
  names: string[],
  folder: string,
  options: BuildOptions,
): Promise<void> => {
  await build({
    entryPoints: names.map((name) => `${PEERS_DIR}/src/${folder}${name}.ts`),
    outdir: BUNDLES,
    outExtension: {'.js': '.mjs'},
    bundle: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'warning',
    ...options,
  });
};

const inNode: BuildOptions = {platform: 'node', packages: 'external'};
const inWorkerd: BuildOptions = {
  platform: 'browser',
  conditions: ['workerd', 'worker'],
  external: ['cloudflare:*', 'node:*'],
};

let prepared: Promise<void> | undefined;

export const preparePeers = (): Promise<void> =>
  (prepared ??= (async () => {
    await installOnce(PEERS_DIR);
    await bundle(['stream', 'catch-up'], '', inNode);
    await bundle(['durable-object', 'socket-io'], 'servers/', inNode);
    await bundle(['synchronizer', 'y-partyserver'], 'rooms/', inWorkerd);
  })());
