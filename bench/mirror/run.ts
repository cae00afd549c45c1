/**
 * `npm run bench:mirror`: how long a change takes from a room to a database, and
 * how many a database takes, side by side and round by round. Prints tables of
 * medians in Markdown. Options:
 *
 * - `--rounds N`: how many (3).
 * - `--only NAME`: sinks whose name begins so; several.
 * - `--cells N`: how large the room is (10,000).
 * - `--slow`: also by a webhook throttled at 60 s, which takes four minutes.
 * - `--smoke`: that it works for every sink; times nothing.
 * - `--out FILE`: writes the tables there, too.
 */
import {writeFile} from 'node:fs/promises';
import {parseArgs} from 'node:util';
import {startPartyKitDev} from '../../test/support/partykit-dev.js';
import {describeMachine, describeVersions, listVersions} from '../machine.js';
import {measureSinks, measureMeans, type MirrorBench} from './measure.js';
import {SINKS} from './places.js';
import {describeMeans, describeSinks} from './table.js';
import {REPOSITORY} from '../servers.js';

const {values} = parseArgs({
  options: {
    rounds: {type: 'string', default: '3'},
    only: {type: 'string', multiple: true},
    cells: {type: 'string', default: '10000'},
    slow: {type: 'boolean', default: false},
    smoke: {type: 'boolean', default: false},
    out: {type: 'string'},
  },
});

const sinks = Object.entries(SINKS)
  .filter(
    ([name]) => values.only?.some((only) => name.startsWith(only)) ?? true,
  )
  .map(([, sink]) => sink);

const dev = await startPartyKitDev({
  main: 'bench/rooms/mirrored.ts',
  cwd: REPOSITORY,
});
const bench: MirrorBench = {
  dev,
  sinks,
  loadDir: import.meta.dirname,
  rounds: values.smoke ? 1 : Number(values.rounds),
  cells: values.smoke ? 100 : Number(values.cells),
  isSmoke: values.smoke,
  isSlow: values.slow,
  tell: (text) => console.error(text),
};
try {
  const figures = await measureSinks(bench);
  const means = await measureMeans(bench);
  if (!values.smoke) {
    const versions = listVersions({versions: await describeVersions(false)});
    const text = [
      `${describeMachine()}; ${versions}; ` +
        `${new Date().toISOString().slice(0, 10)}; a room of ` +
        `${bench.cells.toLocaleString('en')} Cells; medians of ` +
        `${bench.rounds} rounds.`,
      describeSinks(figures),
      describeMeans(means),
    ].join('\n\n');
    console.log(text);
    if (values.out) {
      await writeFile(values.out, `${text}\n`);
    }
  }
} finally {
  await dev.stop();
}
process.exit();
