/** `npm run bench`: options in bench/run.ts. */
import {runBundled} from './run-bundled.mjs';

await runBundled('tbpk-bench/bundle', {
  run: 'bench/run.ts',
  stream: 'bench/load/stream.ts',
  'room-alone': 'bench/load/room-alone.ts',
  join: 'bench/load/join.ts',
  client: 'bench/load/client.ts',
  costs: 'bench/load/costs.ts',
  'client-memory': 'bench/load/client-memory.ts',
});
