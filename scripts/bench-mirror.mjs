/** `npm run bench:mirror`: options in bench/mirror/run.ts. */
import {runBundled} from './run-bundled.mjs';

await runBundled('tbpk-bench-mirror/bundle', {
  mirror: 'bench/mirror/run.ts',
  'mirror-process': 'bench/mirror/process.ts',
  stream: 'bench/load/stream.ts',
});
