/**
 * The real client and the real room core on a simulated network, clock and
 * storage: what DESIGN's guarantees say must hold whatever happens in between.
 * A failure names its seed; `npm run soak -- --seed N` replays it.
 */
import {fileURLToPath} from 'node:url';
import {beforeAll, describe, expect, it} from 'vitest';
import {getRuns} from '../support/runs.js';
import {PINNED_SEEDS} from './pinned-seeds.js';
import {bundleWorker, describeFailure, runSeeds} from './seed-workers.js';

/** More: `SEEDS=5000 npx vitest run test/simulation`, or `npm run soak`. */
const SEEDS = getRuns('SEEDS', 1_500);
/** Of each seed, without those that it takes to come to rest. */
const MIN_STEPS = 200;
const TIMEOUT_MS = 60_000 + SEEDS * 400;

function* count(limit: number): Generator<number> {
  for (let seed = 1; seed <= limit; seed++) {
    yield seed;
  }
}

describe('in a simulated world', () => {
  let worker: string;

  beforeAll(async () => {
    worker = await bundleWorker(
      fileURLToPath(new URL('../..', import.meta.url)),
    );
  });

  const expectToHold = async (
    seeds: Iterator<number>,
    expected: number,
  ): Promise<void> => {
    const report = await runSeeds(worker, seeds);
    expect(report.failures.map((failure) => describeFailure(failure))).toEqual(
      [],
    );
    expect(report.seeds).toBe(expected);
    expect(report.steps).toBeGreaterThan(expected * MIN_STEPS);
  };

  it(
    'every guarantee holds for seeds that broke one before',
    () =>
      expectToHold(
        PINNED_SEEDS.map(([seed]) => seed).values(),
        PINNED_SEEDS.length,
      ),
    TIMEOUT_MS,
  );

  it(
    `every guarantee holds for ${SEEDS} seeds`,
    () => expectToHold(count(SEEDS), SEEDS),
    TIMEOUT_MS,
  );

  it(
    'a storage that calls durable what is not is found out',
    async () => {
      const {failures} = await runSeeds(worker, count(500), {
        changes: {lyingStorage: true, crashes: 0.05},
      });
      expect(failures[0]?.failure).toMatch(/^G[1-6]: /);
    },
    TIMEOUT_MS,
  );
});
