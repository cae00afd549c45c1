/** What kind of simulation a seed stands for. */
import {Random} from './random.js';

export type Profile = {
  steps: number;
  /** How much of a step is doing something rather than waiting for something. */
  activity: number;
  clients: number;
  networkMs: number;
  storageMs: number;
  readMs: number;
  /** Faults, each as a probability per opportunity. */
  drops: number;
  crashes: number;
  evictions: number;
  httpFailures: number;
  storageFailures: number;
  hookFailures: number;
  hooks: 'none' | 'sync' | 'mixed' | 'slow';
  schema: 'none' | 'tables' | 'full';
  storagePrefix: string;
};

export const createProfile = (seed: number): Profile => {
  const random = new Random(seed ^ 0x2545f491);
  return {
    steps: 250,
    activity: random.pick([0.1, 0.25, 0.5]),
    clients: 2 + random.int(2),
    networkMs: random.pick([1, 30, 300]),
    storageMs: random.pick([1, 10, 100]),
    readMs: random.pick([0, 0, 5]),
    drops: random.pick([0, 0.02, 0.1]),
    crashes: random.pick([0, 0.01, 0.03]),
    evictions: random.pick([0, 0.03, 0.1]),
    httpFailures: random.pick([0, 0.1, 0.4]),
    storageFailures: 0,
    hookFailures: random.pick([0, 0, 0.02]),
    hooks: random.pick(['none', 'none', 'sync', 'mixed', 'slow']),
    schema: random.pick(['none', 'none', 'tables', 'full']),
    storagePrefix: random.pick(['', 'app_']),
  };
};
