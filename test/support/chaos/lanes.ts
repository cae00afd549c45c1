/** Troubles of several kinds, each at random moments of its own. */
import {setTimeout as sleep} from 'node:timers/promises';
import {createRandomInteger, type RandomInteger} from '../random-edits.js';

export type Lane = {
  name: string;
  /** Up to how long nothing happens between two troubles. */
  gapMs: number;
  /** Until how many have happened it is not over. */
  atLeast: number;
  /** Makes trouble, and mends it; returns what kind it was. */
  trouble: (random: RandomInteger) => Promise<string>;
};

export type Lanes = {
  /** How often there was each kind. */
  readonly counts: {[kind: string]: number};
  /** Whether each lane has made as much trouble as it has to. */
  isEnough(): boolean;
  /** Rejects with what a trouble has thrown. */
  readonly failure: Promise<never>;
  /** After the troubles under way. */
  stop(): Promise<void>;
};

/** For it to come to something. */
const LEAST_GAP_MS = 200;

export const startLanes = (lanes: Lane[], seed: number): Lanes => {
  const counts: {[kind: string]: number} = {};
  const made = new Map<Lane, number>();
  const stopping = new AbortController();
  const {signal} = stopping;

  const run = async (lane: Lane, random: RandomInteger): Promise<void> => {
    while (!signal.aborted) {
      const gapMs = LEAST_GAP_MS + random(lane.gapMs);
      await sleep(gapMs, undefined, {signal}).catch(() => {});
      if (!signal.aborted) {
        const kind = await lane.trouble(random);
        counts[kind] = (counts[kind] ?? 0) + 1;
        made.set(lane, (made.get(lane) ?? 0) + 1);
      }
    }
  };

  const running = Promise.all(
    lanes.map((lane, index) =>
      run(lane, createRandomInteger(seed * 100 + index)),
    ),
  );
  const failure = running.then(() => new Promise<never>(() => {}));
  failure.catch(() => {});
  return {
    counts,
    failure,
    isEnough: () =>
      lanes.every((lane) => (made.get(lane) ?? 0) >= lane.atLeast),
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
};
