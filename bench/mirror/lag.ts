/**
 * From the moment when the room has acknowledged a change to its writer, to the
 * answer by which another connection sees the sink there, asking all the time.
 */
import {setTimeout as sleep} from 'node:timers/promises';
import type {Scene} from './scene.js';
import {request} from '../room.js';

export type LagOptions = {
  changes: number;
  /** How long it waits at most between two changes; half of that on average. */
  gapMs: number;
  /** How long the other connection waits between two questions. */
  askEveryMs: number;
  timeoutMs: number;
};

export type Lag = {p50Ms: number; p99Ms: number};

type Acknowledged = {offset: number; at: number};

export const measureLag = async (
  {place, id, url}: Scene,
  {changes, gapMs, askEveryMs, timeoutMs}: LagOptions,
): Promise<Lag> => {
  const waiting: Acknowledged[] = [];
  const lags: number[] = [];
  let written = 0;
  const write = async (): Promise<void> => {
    for (; written < changes; written++) {
      const body = `[{"items":{"row${written % 50}":{"note":"at ${written}"}}},{},1]`;
      const {offset} = JSON.parse(await request(url, {method: 'PATCH', body}));
      waiting.push({offset, at: performance.now()});
      await sleep(Math.random() * gapMs);
    }
  };
  const look = async (): Promise<void> => {
    const deadline = performance.now() + timeoutMs;
    while (lags.length < changes) {
      const offset = await place.getOffset(id);
      const now = performance.now();
      while (waiting.length && waiting[0]!.offset <= offset) {
        lags.push(now - waiting.shift()!.at);
      }
      if (now > deadline) {
        throw new Error(`${lags.length} of ${changes} changes have come`);
      }
      await sleep(askEveryMs);
    }
  };
  await Promise.all([write(), look()]);
  lags.sort((a, b) => a - b);
  const at = (share: number) => lags[Math.floor(lags.length * share)]!;
  return {p50Ms: at(0.5), p99Ms: at(0.99)};
};
