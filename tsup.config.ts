import {defineConfig} from 'tsup';

// The JavaScript only: `tsc -p tsconfig.build.json` writes the types next to
// it, file by file, so that their declaration maps lead to the sources.
export default defineConfig({
  entry: Object.fromEntries(
    [
      ...['client', 'server', 'partyserver'].flatMap((half) => [
        half,
        `${half}/with-schemas`,
      ]),
      'webhook',
      'mirror',
      'mirror/contract',
      'mirror/mongodb',
      'mirror/redis',
      'mirror/sql',
      'cli',
    ].map((path) => [`${path}/index`, `src/${path}/index.ts`]),
  ),
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  outDir: 'dist',
  clean: true,
  dts: false,
  sourcemap: true,
  splitting: true,
  external: [/^tinybase($|\/)/, /^party(socket|kit|server)($|\/)/],
});
