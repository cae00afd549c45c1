/** The lane of the tests of rooms on partyserver, by the variable `PLATFORM`. */
import {fileURLToPath} from 'node:url';
import {defineConfig} from 'vitest/config';
import config from '../../vitest.config.js';

const {
  // SQLite-backed Durable Objects unless told.
  PLATFORM = 'partyserver',
  // PartyKit's own lane has more of the same; a variable tells otherwise.
  KILLS = '8',
  CUTS = '30',
  COMMITS = '1500',
  SEEDS = '1,2,3',
  WEBHOOK_SECONDS = '10',
} = process.env;

const LEFT_OUT = [
  // The harness of PartyKit's own runtime; here it is workerd.test.ts.
  'test/room/partykit-dev.test.ts',
  // Rooms of TinyBase's own server half, which is a PartyKit class. What they
  // have stored is taken over here from a copy, by takeover.test.ts.
  'test/interop/legacy-room.test.ts',
  'test/interop/takeover.test.ts',
  'test/interop/takeover-crashes.test.ts',
];

/** Where it makes a difference how an object stores. */
const OF_STORAGE = [
  'test/partyserver/*.test.ts',
  'test/room/{big-things,crashes,exactly-once,patch-once}.test.ts',
];

export default defineConfig({
  ...config,
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    ...config.test,
    env: {PLATFORM, KILLS, CUTS, COMMITS, SEEDS, WEBHOOK_SECONDS},
    include:
      PLATFORM == 'partyserver-kv'
        ? OF_STORAGE
        : ['test/{room,interop,partyserver}/*.test.ts'],
    exclude: ['**/node_modules/**', ...LEFT_OUT],
  },
});
