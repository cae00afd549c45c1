/** Installs what peers need, and bundles what is run of them. */
import {execFile} from 'node:child_process';
import {stat} from 'node:fs/promises';
import {promisify} from 'node:util';
import {build, type BuildOptions} from 'esbuild';
import {REPOSITORY} from '../servers.js';

const PEERS_DIR = `${REPOSITORY}bench/peers`;
/** Where their imports find what is installed for them. */
export const BUNDLES = `${PEERS_DIR}/node_modules/.cache/bundle`;

/** When a file was last written; never, where there is none. */
const readTime = async (path: string): Promise<number> => {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return 0;
  }
};

const install = async (): Promise<void> => {
  const [wanted, installed] = await Promise.all([
    readTime(`${PEERS_DIR}/package-lock.json`),
    readTime(`${PEERS_DIR}/node_modules/.package-lock.json`),
  ]);
  if (installed < wanted) {
    console.log('Installing bench/peers, once …');
    await promisify(execFile)('npm', ['ci', '--prefix', PEERS_DIR], {
      cwd: REPOSITORY,
    });
  }
};

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
    await install();
    await bundle(['stream', 'catch-up'], '', inNode);
    await bundle(['durable-object', 'socket-io'], 'servers/', inNode);
    await bundle(['synchronizer', 'y-partyserver'], 'rooms/', inWorkerd);
  })());
