/** Runs TypeScript of this repository in Node, bundled first. */
import {mkdir} from 'node:fs/promises';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {build} from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Bundles files, as `{name: path}`, into a folder of that name in the cache, and
 * runs the first one in the repository's folder.
 */
export const runBundled = async (folder, entryPoints) => {
  const outdir = `${root}node_modules/.cache/${folder}`;
  await mkdir(outdir, {recursive: true});
  await build({
    entryPoints: Object.fromEntries(
      Object.entries(entryPoints).map(([name, path]) => [name, root + path]),
    ),
    outdir,
    outExtension: {'.js': '.mjs'},
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'warning',
    // Bundles are elsewhere than what they are made of.
    define: {
      'process.env.REPOSITORY': JSON.stringify(pathToFileURL(root).href),
    },
  });
  process.chdir(root);
  const [name] = Object.keys(entryPoints);
  await import(pathToFileURL(`${outdir}/${name}.mjs`).href);
};
