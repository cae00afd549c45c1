/** `npm run soak`: the simulation with fresh seeds; options in its soak.ts. */
import {runBundled} from './run-bundled.mjs';

await runBundled('tbpk-simulation', {soak: 'test/simulation/soak.ts'});
