/** One thing that is measured, of several subjects, in the same run. */
import type {PartyKitDev} from '../test/support/partykit-dev.js';

export type Bench = {
  dev: PartyKitDev;
  /** Short runs, to see that it works. */
  isSmoke: boolean;
  /** Where the load generators are, bundled. */
  loadDir: string;
};

export type Scenario = {
  id: string;
  title: string;
  unit: string;
  /** What one round measures of a subject. */
  subjects: {[name: string]: (bench: Bench) => Promise<number>};
  /** What ours is aimed at: so many times another subject's figure. */
  goals: {to: string; atLeast?: number; atMost?: number}[];
  /** An amount that ours is not to be above. */
  atMost?: number;
};

export const median = (figures: number[]): number => {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2
    ? sorted[Math.floor(middle)]!
    : (sorted[middle - 1]! + sorted[middle]!) / 2;
};
