/** `npm run bench`: options in bench/run.ts. */
import {mkdir} from 'node:fs/promises';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {build} from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const outdir = `${root}node_modules/.cache/tbpk-bench/bundle`;

await mkdir(outdir, {recursive: true});
await build({
  entryPoints: {
    run: `${root}bench/run.ts`,
    stream: `${root}bench/load/stream.ts`,
    join: `${root}bench/load/join.ts`,
  },
  outdir,
  outExtension: {'.js': '.mjs'},
  bundle: true,
  format: 'esm',
  platform: 'node',
  packages: 'external',
  logLevel: 'warning',
  define: {'process.env.REPOSITORY': JSON.stringify(pathToFileURL(root).href)},
});
process.chdir(root);
await import(pathToFileURL(`${outdir}/run.mjs`).href);
