/** A thread that runs the seeds that it is sent. */
import {parentPort} from 'node:worker_threads';
import type {Profile} from './profile.js';
import {type Outcome, simulate} from './simulation.js';

/** How many steps a failure may take to be tried for, shortest first. */
const STEPS = [5, 10, 20, 30, 45, 60, 80, 100, 130, 160, 200, 250];

let rejection: unknown;
process.on('unhandledRejection', (error) => {
  rejection ??= error;
});

/** Runs a seed; whatever it throws is a failure, too. */
const run = async (
  seed: number,
  changes: Partial<Profile>,
): Promise<Outcome> => {
  rejection = undefined;
  const outcome = await simulate(seed, changes).catch(
    (error: unknown): Outcome => {
      rejection ??= error;
      return {
        seed,
        steps: 0,
        profile: changes as Profile,
        trace: [],
        counts: {},
      };
    },
  );
  return rejection === undefined
    ? outcome
    : {...outcome, failure: `G7: ${(rejection as Error)?.stack}`};
};

/** Looks for a failure of the same guarantee in fewer steps. */
const shrink = async (
  failed: Outcome,
  changes: Partial<Profile>,
): Promise<Outcome> => {
  for (const steps of STEPS) {
    if (steps < failed.profile.steps) {
      const outcome = await run(failed.seed, {...changes, steps});
      if (outcome.failure?.slice(0, 2) == failed.failure!.slice(0, 2)) {
        return outcome;
      }
    }
  }
  return failed;
};

parentPort!.on(
  'message',
  async ([seed, changes]: [number, Partial<Profile>]) => {
    const outcome = await run(seed, changes);
    parentPort!.postMessage(
      outcome.failure ? await shrink(outcome, changes) : outcome,
    );
  },
);
