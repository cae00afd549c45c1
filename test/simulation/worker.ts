/** A thread that runs the seeds that it is sent. */
import {parentPort} from 'node:worker_threads';
import type {Profile} from './profile.js';
import {type Outcome, simulate} from './simulation.js';

let current = 0;

const answer = (outcome: Outcome): void => parentPort!.postMessage(outcome);

const fail = (error: unknown): void =>
  answer({
    seed: current,
    steps: 0,
    profile: {} as any,
    failure: `G7: ${(error as Error)?.stack ?? String(error)}`,
    trace: [],
  });

process.on('unhandledRejection', fail);

parentPort!.on('message', ([seed, changes]: [number, Partial<Profile>]) => {
  current = seed;
  void simulate(seed, changes).then(
    // The trace is worth sending only where somebody reads it.
    (outcome) => answer(outcome.failure ? outcome : {...outcome, trace: []}),
    fail,
  );
});
