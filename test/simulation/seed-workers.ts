/** Runs many seeds, each worker a process's thread with a bundle of its own. */
import {mkdir, readFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {Worker} from 'node:worker_threads';
import {build, type Plugin} from 'esbuild';
import type {Profile} from './profile.js';
import type {Outcome} from './simulation.js';
import type {Counts} from './world.js';

/** Set by `npm run test:lowest`: the same tests on another TinyBase. */
const {TINYBASE} = process.env;

const WITH_LIMITS =
  /src[\\/](\w+[\\/])+(limits|pieces|key-value-storage|compaction|snapshot|weights|log-page)\.ts$/;
const CONSTANT = /(?<=^(?:export )?)const ([A-Z_]+) =/gm;

/** Makes constants that are limits variables, which a seed can set. */
const shrinkLimits: Plugin = {
  name: 'shrink-limits',
  setup: ({onLoad}) =>
    onLoad({filter: WITH_LIMITS}, async ({path}) => {
      const source = await readFile(path, 'utf8');
      const names = [...source.matchAll(CONSTANT)].map(([, name]) => name);
      const setters = names.map((name) => `${name}: (to) => (${name} = to)`);
      return {
        loader: 'ts',
        contents: `${source.replace(CONSTANT, 'let $1 =')}
          Object.assign((globalThis.limitSetters ??= {}), {${setters.join()}});`,
      };
    }),
};

/** Bundles the simulation; answers the path of what a worker runs. */
export const bundleWorker = async (root: string): Promise<string> => {
  const outfile = join(root, 'node_modules/.cache/tbpk-simulation/worker.mjs');
  await mkdir(dirname(outfile), {recursive: true});
  await build({
    entryPoints: [join(root, 'test/simulation/worker.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    alias: TINYBASE === undefined ? {} : {tinybase: TINYBASE},
    sourcemap: 'inline',
    logLevel: 'warning',
    plugins: [shrinkLimits],
  });
  return outfile;
};

export type Report = {
  seeds: number;
  steps: number;
  /** How often each thing has happened, in all of them. */
  counts: Counts;
  failures: Outcome[];
};

/** Runs seeds until there are none left, or enough have failed. */
export const runSeeds = async (
  worker: string,
  seeds: Iterator<number>,
  {
    workers = 2,
    maxFailures = 1,
    changes = {},
    onOutcome = () => {},
  }: {
    workers?: number;
    maxFailures?: number;
    changes?: Partial<Profile>;
    onOutcome?: (outcome: Outcome) => void;
  } = {},
): Promise<Report> => {
  const report: Report = {seeds: 0, steps: 0, counts: {}, failures: []};
  const runOne = () =>
    new Promise<void>((resolve, reject) => {
      const thread = new Worker(worker);
      const next = () => {
        const {value, done} = seeds.next();
        if (done || report.failures.length >= maxFailures) {
          void thread.terminate().then(() => resolve());
        } else {
          thread.postMessage([value, changes]);
        }
      };
      thread.on('message', (outcome: Outcome) => {
        report.seeds++;
        report.steps += outcome.steps;
        for (const [kind, count] of Object.entries(outcome.counts)) {
          report.counts[kind] = (report.counts[kind] ?? 0) + count;
        }
        if (outcome.failure) {
          report.failures.push(outcome);
        }
        onOutcome(outcome);
        next();
      });
      thread.on('error', reject);
      next();
    });
  await Promise.all(Array.from({length: workers}, runOne));
  return report;
};

/** What a failure looks like to whoever has to find its cause. */
export const describeFailure = (
  {seed, failure, profile, trace}: Outcome,
  events = 60,
): string =>
  [
    `Seed ${seed}: ${failure}`,
    `Replay: npm run soak -- --seed ${seed} --steps ${profile.steps}`,
    JSON.stringify(profile),
    ...(events ? trace.slice(-events) : []).map((line) => line.slice(0, 300)),
  ].join('\n');
