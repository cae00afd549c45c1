// Prints what the client costs a page: its bundle, minified and gzipped, with
// the part of TinyBase that it brings along. Fails above the budget.
import {gzipSync} from 'node:zlib';
import {build} from 'esbuild';

const MAX_BYTES = 6_000;

const {outputFiles} = await build({
  entryPoints: ['src/client/index.ts'],
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  external: ['partysocket'],
  write: false,
});

const minified = outputFiles[0].contents;
const bytes = gzipSync(minified, {level: 9}).length;
const format = (count) => count.toLocaleString('en');
console.log(
  `client: ${format(bytes)} bytes gzipped (${format(minified.length)} ` +
    `minified), budget ${format(MAX_BYTES)}`,
);
if (bytes > MAX_BYTES) {
  console.error('client: over budget');
  process.exitCode = 1;
}
