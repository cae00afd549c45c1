import {fileURLToPath} from 'node:url';
import {defineConfig} from 'vitest/config';

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
      ...(tinybase == null
        ? []
        : [{find: /^tinybase(?=$|\/)/, replacement: tinybase}]),
    ],
  },
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Most test files start a server of their own: more of them at a time
    // than there are cores would only measure how well those share.
    maxWorkers: 2,
  },
});
