/**
 * Runs fresh seeds for as long as is asked (`--minutes N`), certain ones
 * (`--from S --count N`), or shows one (`--seed S`, with `--steps N` no further
 * than that). Also: `--workers N`, `--events N`, `--max-failures N`.
 */
import {parseArgs} from 'node:util';
import {bundleWorker, describeFailure, runSeeds} from './seed-workers.js';
import type {Outcome} from './simulation.js';

const PROGRESS_MS = 20_000;

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
let reportedAt = startedAt;
const kinds = new Map<string, number[]>();
const done = {seeds: 0, steps: 0, failed: 0};

const format = (count: number): string => count.toLocaleString('en');

const describeDone = (): string =>
  `${format(done.seeds)} seeds, ${format(done.steps)} steps, ` +
  `${((Date.now() - startedAt) / 1000).toFixed(1)} s: ` +
  (done.failed ? `${done.failed} failed` : 'all hold');

const onOutcome = (outcome: Outcome): void => {
  done.seeds++;
  done.steps += outcome.steps;
  if (outcome.failure) {
    done.failed++;
    const kind = outcome.failure.replace(/\d+/g, 'n').slice(0, 50);
    kinds.set(kind, [...(kinds.get(kind) ?? []), outcome.seed]);
    console.log(describeFailure(outcome, +values.events) + '\n');
  }
  if (Date.now() - reportedAt > PROGRESS_MS) {
    reportedAt = Date.now();
    console.log(`… ${describeDone()}`);
  }
};

const {counts} = await runSeeds(
  await bundleWorker(process.cwd()),
  createSeeds(),
  {
    workers: values.seed === undefined ? +values.workers : 1,
    changes: values.steps === undefined ? {} : {steps: +values.steps},
    maxFailures: +values['max-failures'],
    onOutcome,
  },
);
kinds.forEach((seeds, kind) =>
  console.log(seeds.length, kind, seeds.slice(0, 12).join(' ')),
);
console.log(
  Object.keys(counts)
    .sort()
    .map((kind) => `${kind} ${format(counts[kind]!)}`)
    .join(', '),
);
console.log(describeDone());
process.exitCode = done.failed ? 1 : 0;
