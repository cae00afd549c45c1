/** `examples/cloudflare-worker` as a newcomer has it after `npm install`. */
import {
  cp,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {installPackedPackage} from '../../support/packed-package.js';
import {REPOSITORY, run, type RunResult} from '../../support/run.js';

export interface InstalledTemplate {
  readonly dir: string;
  /** Runs one of its scripts until it ends. */
  runScript(script: string, ...args: string[]): Promise<RunResult>;
  readFile(path: string): Promise<string>;
  remove(): Promise<void>;
}

export const TEMPLATE = join(REPOSITORY, 'examples/cloudflare-worker');
const RUNTIME = join(REPOSITORY, 'test/package/cloudflare-worker');
const MODULES = join(REPOSITORY, 'node_modules');
const RUNTIME_MODULES = join(RUNTIME, 'node_modules');

/** What it depends on besides the library, by where that is installed. */
const INSTALLED: Record<string, string> = {
  '@cloudflare/workers-types': MODULES,
  esbuild: RUNTIME_MODULES,
  partyserver: MODULES,
  partysocket: MODULES,
  tinybase: MODULES,
  typescript: MODULES,
  wrangler: RUNTIME_MODULES,
  // The library's own.
  'eventsource-parser': MODULES,
};
const COMMANDS: Record<string, string> = {
  esbuild: 'esbuild/bin/esbuild',
  'tinybase-partykit': 'tinybase-partykit/dist/cli/index.js',
  tsc: 'typescript/bin/tsc',
  wrangler: 'wrangler/bin/wrangler.js',
};

/** When a file was last written; never, where there is none. */
const readTime = async (path: string): Promise<number> => {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return 0;
  }
};

/** Once for all runs: wrangler is large, and the tests of nothing else need it. */
const installRuntime = async (): Promise<void> => {
  const [wanted, installed] = await Promise.all([
    readTime(join(RUNTIME, 'package-lock.json')),
    readTime(join(RUNTIME_MODULES, '.package-lock.json')),
  ]);
  if (installed < wanted) {
    const {exitCode, output} = await run('npm', ['ci', '--prefix', RUNTIME]);
    if (exitCode !== 0) {
      throw new Error(`npm ci failed in ${RUNTIME}:\n${output}`);
    }
  }
};

/** The version of a package that the template runs with here. */
export const readInstalledVersion = async (name: string): Promise<string> =>
  JSON.parse(
    await readFile(join(INSTALLED[name]!, name, 'package.json'), 'utf8'),
  ).version;

/** Packs the library, and puts it and all else into a copy of the template. */
export const installTemplate = async (): Promise<InstalledTemplate> => {
  await installRuntime();
  const packed = await installPackedPackage();
  const dir = await mkdtemp(join(tmpdir(), 'cloudflare-worker-'));
  await cp(TEMPLATE, dir, {
    recursive: true,
    // What somebody has left there who has tried it in place.
    filter: (path) => !/\/(node_modules|\.wrangler|\.dev\.vars)$/.test(path),
  });
  const modules = join(dir, 'node_modules');
  await cp(packed.packageDir, join(modules, 'tinybase-partykit'), {
    recursive: true,
  });
  await packed.remove();
  for (const [name, folder] of Object.entries(INSTALLED)) {
    await mkdir(dirname(join(modules, name)), {recursive: true});
    await symlink(join(folder, name), join(modules, name), 'dir');
  }
  await mkdir(join(modules, '.bin'));
  for (const [name, path] of Object.entries(COMMANDS)) {
    await symlink(join(modules, path), join(modules, '.bin', name));
  }
  return {
    dir,
    runScript: (script, ...args) =>
      run('npm', ['run', '--silent', script, '--', ...args], dir),
    readFile: (path) => readFile(join(dir, path), 'utf8'),
    remove: () => rm(dir, {recursive: true, force: true, maxRetries: 5}),
  };
};
