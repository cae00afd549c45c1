/** One thing that is measured, of several subjects, in the same run. */
import type {ServerProcess} from '../test/support/server-process.js';

export type Bench = {
  /** A server that the scenarios of a group have for themselves. */
  dev: ServerProcess;
  /** The same rooms of ours on other platforms, if they are measured. */
  platforms: {[platform: string]: ServerProcess};
  /** Short runs of little, to see that it works. */
  isSmoke: boolean;
  /** How many Cells a large room has. */
  cells: number;
  /** Counts the rounds. */
  round: number;
  /** Where the load generators are, bundled. */
  loadDir: string;
};

/** Measures a subject once. */
export type Measure = (bench: Bench) => Promise<number>;

/** What a subject is aimed at. */
export type Goal = {
  /** The subject; ours where it is left out. */
  of?: string;
  /** So many times this one's figure; an amount where it is left out. */
  to?: string;
  atLeast?: number;
  atMost?: number;
};

export type Scenario = {
  id: string;
  title: string;
  unit: string;
  subjects: {[name: string]: Measure};
  /** What subjects are called that are of this scenario alone. */
  titles?: {[subject: string]: string};
  goals: Goal[];
  /** Whether one round tells it all: it is counted, and not timed. */
  isCounted?: boolean;
  /** Subjects that take too long for more than one round. */
  once?: string[];
  /** Done before anything is measured, such as what has to be installed. */
  prepare?: () => Promise<void>;
};

export const median = (figures: number[]): number => {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2
    ? sorted[Math.floor(middle)]!
    : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/**
 * Makes something once a round for all scenarios that ask for it, on the same
 * server: what takes long to fill, or has to be left alone for a while.
 */
export const oncePerRound = <Made>(
  make: (bench: Bench) => Promise<Made>,
): ((bench: Bench) => Promise<Made>) => {
  const made = new WeakMap<ServerProcess, Promise<Made>[]>();
  return (bench) => {
    const rounds = made.get(bench.dev) ?? [];
    made.set(bench.dev, rounds);
    return (rounds[bench.round] ??= make(bench));
  };
};
