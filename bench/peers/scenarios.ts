/**
 * What a user would pick instead, and ours, each with its real client library:
 * other scenarios measure rooms by raw frames, these measure all that happens
 * between one client's store and another's. Clients share a process, so that
 * their own work is in the figures, and fifty times with fifty readers. What is
 * promised differs, see PEERS; all goes through WebSockets without compression,
 * but `partykit dev` compresses what it answers to a GET.
 */
import {runLoad} from '../run-load.js';
import {
  type Bench,
  type Measure,
  oncePerRound,
  type Scenario,
} from '../scenario.js';
import type {
  CatchUpOptions,
  CatchUpResult,
  PeerStreamOptions,
  PeerStreamResult,
} from './loads.js';
import {type Peer, type PeerName, PEERS} from './peers.js';
import {BUNDLES, preparePeers} from './prepare.js';

const ALL = Object.keys(PEERS) as PeerName[];
/** One change at a time waits for no other, with retries or without. */
const ALL_BUT_VARIANTS = ALL.filter((name) => name != 'socketIoAtMostOnce');
const MISSED = 100;

type Shape = [writers: number, readers: number, inFlight: number];

const run = async <Options, Result>(
  peer: PeerName,
  load: 'stream' | 'catch-up',
  options: Omit<Options, 'host' | 'peer'>,
): Promise<Result> => {
  const {start}: Peer = PEERS[peer];
  const server = await start();
  try {
    return await runLoad({loadDir: BUNDLES}, load, {
      ...options,
      host: server.host,
      peer,
    });
  } finally {
    await server.stop();
  }
};

const stream = async (
  peer: PeerName,
  {isSmoke}: Bench,
  [writers, readers, inFlight]: Shape,
): Promise<PeerStreamResult> => {
  const result = await run<PeerStreamOptions, PeerStreamResult>(
    peer,
    'stream',
    {
      writers,
      readers,
      inFlight,
      rows: 1_000,
      settleMs: isSmoke ? 200 : 1_500,
      warmUpMs: isSmoke ? 100 : 1_000,
      measureMs: isSmoke ? 1_000 : 3_000,
    },
  );
  if (result.lost) {
    // They took the place of others: the figure says nothing.
    throw new Error(`${result.lost} changes did not arrive`);
  }
  return result;
};

type Figure = Pick<Scenario, 'id' | 'title' | 'unit' | 'isCounted'>;

const createScenario = (
  figure: Figure,
  names: PeerName[],
  createMeasure: (peer: PeerName) => Measure,
): Scenario => ({
  ...figure,
  titles: Object.fromEntries(names.map((name) => [name, PEERS[name].title])),
  subjects: Object.fromEntries(
    names.map((name) => [name, createMeasure(name)]),
  ),
  goals: [],
  prepare: preparePeers,
});

const createStream = (title: string, ...shape: Shape): Scenario =>
  createScenario(
    {
      id: `stream-${shape.join('-')}-peers`,
      title: `${title}, real clients`,
      unit: 'changes/s',
    },
    ALL,
    (peer) => async (bench) =>
      (await stream(peer, bench, shape)).changesPerSecond,
  );

/** A room is filled once for what is counted and timed when clients come. */
const catchUp = Object.fromEntries(
  ALL.map((peer) => [
    peer,
    oncePerRound(({cells}) =>
      run<CatchUpOptions, CatchUpResult>(peer, 'catch-up', {
        cells,
        missed: MISSED,
      }),
    ),
  ]),
) as {[peer in PeerName]: (bench: Bench) => Promise<CatchUpResult>};

const createCatchUp = (
  figure: Figure,
  getFigure: (result: CatchUpResult) => number,
): Scenario =>
  createScenario(
    figure,
    ALL_BUT_VARIANTS,
    (peer) => async (bench) => getFigure(await catchUp[peer](bench)),
  );

export const PEER_SCENARIOS: Scenario[] = [
  createStream('1 writer, 1 reader, 64 in flight', 1, 1, 64),
  createStream('1 writer, 50 readers, 64 in flight', 1, 50, 64),
  createStream('10 writers, 10 readers, 256 in flight', 10, 10, 256),
  createScenario(
    {
      id: 'latency-peers',
      title: '1 in flight, median to another client, real clients',
      unit: 'ms',
    },
    ALL_BUT_VARIANTS,
    (peer) => async (bench) => (await stream(peer, bench, [1, 1, 1])).p50Ms,
  ),
  createCatchUp(
    {
      id: 'catch-up-peers',
      title: `To a real client back after ${MISSED} missed one-cell changes, 100,000 cells`,
      unit: 'bytes',
      isCounted: true,
    },
    ({backBytes}) => backBytes,
  ),
  createCatchUp(
    {
      id: 'catch-up-sent-peers',
      title: 'From that client meanwhile',
      unit: 'bytes',
      isCounted: true,
    },
    ({backBytesUp}) => backBytesUp,
  ),
  createCatchUp(
    {
      id: 'join-peers',
      title: 'A new real client, until its store has 100,000 cells',
      unit: 'ms',
    },
    ({joinMs}) => joinMs,
  ),
];
