/** `npm run soak`: the simulation with fresh seeds; options in its soak.ts. */
import {mkdir} from 'node:fs/promises';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {build} from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const outdir = `${root}node_modules/.cache/tbpk-simulation`;

await mkdir(outdir, {recursive: true});
await build({
  entryPoints: [`${root}test/simulation/soak.ts`],
  outfile: `${outdir}/soak.mjs`,
  bundle: true,
  format: 'esm',
  platform: 'node',
  packages: 'external',
  logLevel: 'warning',
});
process.chdir(root);
await import(pathToFileURL(`${outdir}/soak.mjs`).href);
