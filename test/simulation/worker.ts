/** A thread that runs the seeds that it is sent. */
import {parentPort} from 'node:worker_threads';
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

parentPort!.on('message', (seed: number) => {
  current = seed;
  void simulate(seed).then(
    // The trace is worth sending only where somebody reads it.
    (outcome) => answer(outcome.failure ? outcome : {...outcome, trace: []}),
    fail,
  );
});
