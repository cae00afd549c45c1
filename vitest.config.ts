import {fileURLToPath} from 'node:url';
import {configDefaults, defineConfig} from 'vitest/config';
import {LongestFirst} from './test/support/longest-first.js';

const source = (path: string): string =>
  fileURLToPath(new URL(`src/${path}/index.ts`, import.meta.url));

// Set by `npm run test:lowest`: the same tests on another TinyBase.
const tinybase = process.env.TINYBASE;

export default defineConfig({
  resolve: {
    // Tests read like the code of a user; what they import is the source.
    alias: [
      ...[
        'client',
        'client/with-schemas',
        'server',
        'server/with-schemas',
        'partyserver',
        'partyserver/with-schemas',
        'webhook',
        'mirror',
        'mirror/sql',
        'mirror/redis',
        'mirror/mongodb',
        'mirror/contract',
      ].map((path) => ({
        find: new RegExp(`^tinybase-partykit/${path}$`),
        replacement: source(path),
      })),
      {
        find: 'cloudflare:workers',
        replacement: fileURLToPath(
          new URL('test/support/fake-workers.ts', import.meta.url),
        ),
      },
      ...(tinybase == null
        ? []
        : [{find: /^tinybase(?=$|\/)/, replacement: tinybase}]),
    ],
  },
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    // It imports the one of the Workers runtime, which is aliased above.
    server: {deps: {inline: ['partyserver']}},
    // They have a runtime of their own to install: test:partyserver.
    exclude: [...configDefaults.exclude, 'test/partyserver/**'],
    // What is waited for has deadlines of its own; the rest may share a core.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One more than the cores of a small machine: many tests wait, for a room to fall
    // asleep, for what was killed to be back, or for a client that tries again.
    maxWorkers: 3,
    sequence: {sequencer: LongestFirst},
  },
});
