/** Measures all sinks in what they keep, and all ways for one to learn of it. */
import type {PartyKitDev} from '../../test/support/partykit-dev.js';
import {type Lag, type LagOptions, measureLag} from './lag.js';
import type {BenchSink} from './places.js';
import {type Means, withScene} from './scene.js';
import {measureThroughput, type Throughput} from './throughput.js';
import {median} from '../scenario.js';

export type MirrorBench = {
  dev: PartyKitDev;
  sinks: BenchSink[];
  loadDir: string;
  rounds: number;
  cells: number;
  isSmoke: boolean;
  isSlow: boolean;
  /** Of how far it is. */
  tell: (text: string) => void;
};

export type Figures = {[name: string]: number};
/** Of one sink in one mode, or by one means. */
export type Measured = {sink: string; what: string; figures: Figures};

/** Each figure's median, of those that were measured together. */
const sumUp = (rounds: Measured[][]): Measured[] =>
  rounds[0]!.map(({sink, what, figures}, index) => ({
    sink,
    what,
    figures: Object.fromEntries(
      Object.keys(figures).map((name) => [
        name,
        median(rounds.map((round) => round[index]!.figures[name]!)),
      ]),
    ),
  }));

const QUICK: LagOptions = {
  changes: 200,
  gapMs: 40,
  askEveryMs: 0,
  timeoutMs: 60_000,
};

export const measureSinks = async (bench: MirrorBench): Promise<Measured[]> => {
  const {dev, loadDir, cells, isSmoke} = bench;
  const rounds: Measured[][] = [];
  while (rounds.length < bench.rounds) {
    const round: Measured[] = [];
    for (const {title, modes} of bench.sinks) {
      for (const [mode, createPlace] of Object.entries(modes)) {
        const figures = await withScene(
          {dev, loadDir, cells, createPlace, means: 'feed'},
          async (scene): Promise<Lag & Throughput> => ({
            ...(await measureLag(scene, {
              ...QUICK,
              ...(isSmoke && {changes: 3}),
            })),
            ...(await measureThroughput(scene, {
              loadDir,
              measureMs: isSmoke ? 100 : 5_000,
            })),
          }),
        );
        bench.tell(`${title}, ${mode}: ${JSON.stringify(figures)}`);
        round.push({sink: title, what: mode, figures});
      }
    }
    rounds.push(round);
  }
  return sumUp(rounds);
};

const MEANS: {what: string; means: Means; isSlow?: boolean}[] = [
  {what: 'a mirror of the live feed', means: 'feed'},
  {what: 'polling once a second', means: {everyMs: 1_000}},
  {what: 'a webhook, throttled at 1 s', means: {throttleMs: 1_000}},
  {what: 'a webhook, throttled at 5 s', means: {throttleMs: 5_000}},
  {
    what: 'a webhook, throttled at 60 s',
    means: {throttleMs: 60_000},
    isSlow: true,
  },
];

/** Changes for at least three times as long as one has to wait. */
const getPatient = (means: Means, isSmoke: boolean): LagOptions => {
  const waitMs = means == 'feed' ? 0 : Object.values(means)[0]!;
  const durationMs = isSmoke ? 0 : Math.max(15_000, 3.1 * waitMs);
  const gapMs = Math.max(150, waitMs / 20);
  return {
    // Half a gap on average.
    changes: Math.max(3, Math.round((2 * durationMs) / gapMs)),
    gapMs,
    // All sinks share the machine; of seconds these are nothing.
    askEveryMs: waitMs ? 5 : 0,
    timeoutMs: 2 * durationMs + 3 * waitMs + 60_000,
  };
};

/** By each means, all sinks at a time: they wait, and do little. */
export const measureMeans = async (bench: MirrorBench): Promise<Measured[]> => {
  const {dev, loadDir, cells, isSmoke} = bench;
  const rounds: Measured[][] = [];
  const wanted = MEANS.filter(
    ({what, isSlow}) =>
      (!isSlow || bench.isSlow) && !(isSmoke && what.endsWith(' 5 s')),
  );
  while (rounds.length < bench.rounds) {
    const round: Measured[] = [];
    for (const {what, means, isSlow} of wanted) {
      if (isSlow && rounds.length) {
        // Once is enough of it.
        round.push(...rounds[0]!.filter((measured) => measured.what == what));
        continue;
      }
      const lags = await Promise.all(
        bench.sinks.map(({title, modes}) =>
          withScene(
            {dev, loadDir, cells, createPlace: modes.document!, means},
            async (scene): Promise<Measured> => ({
              sink: title,
              what,
              figures: {
                ...(await measureLag(scene, getPatient(means, isSmoke))),
              },
            }),
          ),
        ),
      );
      bench.tell(`${what}: ${JSON.stringify(lags)}`);
      round.push(...lags);
    }
    rounds.push(round);
  }
  return sumUp(rounds);
};
