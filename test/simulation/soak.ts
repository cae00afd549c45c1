/**
 * Runs fresh seeds for as long as is asked (`--minutes N`), certain ones
 * (`--from S --count N`), or shows one (`--seed S`, with `--steps N` no further
 * than that). Also: `--workers N`, `--events N`, `--max-failures N`.
 */
import {parseArgs} from 'node:util';
import {bundleWorker, describeFailure, runSeeds} from './seed-workers.js';

const {values} = parseArgs({
  options: {
    minutes: {type: 'string', default: '1'},
    seed: {type: 'string'},
    steps: {type: 'string'},
    from: {type: 'string'},
    count: {type: 'string', default: '1000'},
    workers: {type: 'string', default: '2'},
    events: {type: 'string', default: '60'},
    'max-failures': {type: 'string', default: '5'},
  },
});

function* createSeeds(): Generator<number> {
  if (values.seed !== undefined) {
    yield +values.seed;
  } else if (values.from !== undefined) {
    for (let i = 0; i < +values.count; i++) {
      yield +values.from + i;
    }
  } else {
    const endsAt = Date.now() + +values.minutes * 60_000;
    let seed = Date.now() % 1_000_000_000;
    while (Date.now() < endsAt) {
      yield seed++;
    }
  }
}

const startedAt = Date.now();
const kinds = new Map<string, number[]>();
const report = await runSeeds(
  await bundleWorker(process.cwd()),
  createSeeds(),
  {
    workers: values.seed === undefined ? +values.workers : 1,
    changes: values.steps === undefined ? {} : {steps: +values.steps},
    maxFailures: +values['max-failures'],
    onOutcome: (outcome) => {
      if (outcome.failure) {
        const kind = outcome.failure.replace(/\d+/g, 'n').slice(0, 50);
        kinds.set(kind, [...(kinds.get(kind) ?? []), outcome.seed]);
        console.log(describeFailure(outcome, +values.events) + '\n');
      }
    },
  },
);
kinds.forEach((seeds, kind) =>
  console.log(seeds.length, kind, seeds.slice(0, 12).join(' ')),
);
const seconds = (Date.now() - startedAt) / 1000;
console.log(
  `${report.seeds} seeds, ${report.steps} steps, ${seconds.toFixed(1)} s: ` +
    (report.failures.length ? `${report.failures.length} failed` : 'all hold'),
);
process.exitCode = report.failures.length ? 1 : 0;
