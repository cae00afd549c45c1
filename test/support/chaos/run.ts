/** A room, its writers and its mirrors, of which each is killed time and again. */
import {setTimeout as sleep} from 'node:timers/promises';
import type {Content} from 'tinybase';
import {expect, onTestFinished} from 'vitest';
import {expectHistory, type HistoryCommit, loadCommits} from './history.js';
import {type Lane, startLanes} from './lanes.js';
import type {MirrorProcess} from './process.js';
import type {ChaosTarget} from './target.js';
import {startWriters} from './writers.js';
import {type PartyKitDev, startPartyKitDev} from '../partykit-dev.js';
import type {RandomInteger} from '../random-edits.js';
import {getRuns} from '../runs.js';
import {createTestRoom, type TestRoom} from '../test-room.js';
import {until} from '../until.js';

export const SEED = Number(process.env.SEED ?? 1);
/** At least so many; a full run has `COMMITS=10000`. */
export const COMMITS = getRuns('COMMITS', 400);
/** Of each kind, in proportion. */
const [MIRROR_KILLS, ROOM_KILLS, DATABASE_KILLS] = [100, 400, 250].map((each) =>
  Math.ceil(COMMITS / each),
) as [number, number, number];
export const TIMEOUT_MS = 120_000 + COMMITS * 60;

/** Of a room before it is written to. */
export const FIRST_CONTENT: Content = [{}, {start: true}];

const WRITERS = 3;
const PACE_MS = 25;

export const startChaosRoom = async (
  vars: Record<string, unknown> = {},
  content = FIRST_CONTENT,
): Promise<{dev: PartyKitDev; room: TestRoom}> => {
  const dev = await startPartyKitDev({main: 'test/rooms/chaos-room.ts', vars});
  onTestFinished(() => dev.stop());
  const room = createTestRoom(dev, 'ours', {party: 'main', name: 'chaos'});
  await room.putContent(content);
  return {dev, room};
};

const getPosition = async (room: TestRoom) => {
  const {headers} = await room.request('/store', {method: 'HEAD'});
  const [, epoch, offset] = /"(\w+)\.(\d+)"/.exec(headers.get('etag') ?? '')!;
  return {epoch: epoch!, offset: Number(offset)};
};

/** Ends a mirror, and starts it again at times a while later. */
const killMirror = async (
  mirror: MirrorProcess,
  random: RandomInteger,
): Promise<string> => {
  await mirror.kill();
  await sleep(random(3) ? 0 : random(1_000));
  await mirror.start();
  return 'kills of a mirror';
};

/** It wakes up with the connections, and in the transaction, that it had. */
const pauseMirror = async (
  mirror: MirrorProcess,
  random: RandomInteger,
): Promise<string> => {
  mirror.pause();
  await sleep(random(1_500));
  mirror.resume();
  return 'pauses of a mirror';
};

const createMirrorLane = (mirrors: MirrorProcess[]): Lane => ({
  name: 'mirror',
  gapMs: 700,
  atLeast: MIRROR_KILLS,
  trouble: (random) => {
    const running = mirrors.filter((mirror) => mirror.isRunning());
    const mirror = running[random(running.length)]!;
    // With nobody else to go on meanwhile a pause is only a delay.
    return running.length > 1 && random(3) == 0
      ? pauseMirror(mirror, random)
      : killMirror(mirror, random);
  },
});

const createRoomLane = (dev: PartyKitDev): Lane => ({
  name: 'room',
  gapMs: 10_000,
  atLeast: ROOM_KILLS,
  trouble: async () => {
    await dev.restart();
    return 'kills of the room';
  },
});

export type ChaosOptions = {
  target: ChaosTarget;
  dev: PartyKitDev;
  room: TestRoom;
  /** Of which some may not be running yet. */
  mirrors: MirrorProcess[];
  /** What happens beside, by the share of edits that were made. */
  accompany?: (getShare: () => number) => Promise<void>;
  /** Resolves when the room does not move any more. */
  settle?: () => Promise<void>;
  /** More that has to be right then. */
  check?: (commits: HistoryCommit[], content: Content) => Promise<void>;
};

/** Lets all be killed while the room is written to, and then sees what is there. */
export const runChaos = async ({
  target,
  dev,
  room,
  mirrors,
  accompany = async () => {},
  settle = async () => {},
  check = async () => {},
}: ChaosOptions): Promise<string> => {
  const startedAt = performance.now();
  const writers = await startWriters(room, {
    seed: SEED,
    count: WRITERS,
    paceMs: PACE_MS,
  });
  const lanes = startLanes(
    [
      createMirrorLane(mirrors),
      createRoomLane(dev),
      {name: 'database', atLeast: DATABASE_KILLS, ...target.lane},
    ],
    SEED,
  );
  const getShare = (): number => writers.getAnswered() / COMMITS;
  await Promise.race([
    Promise.all([
      accompany(getShare),
      until(
        async () =>
          lanes.isEnough() &&
          getShare() >= 1 &&
          // Some edits meet in one commit.
          (await loadCommits(room, '')).length >= COMMITS,
        {timeoutMs: TIMEOUT_MS, intervalMs: 500},
      ),
    ]),
    lanes.failure,
    ...mirrors.map(({crash}) => crash),
  ]);
  // The writers first: the last of what they write is mirrored in chaos, too.
  await writers.stop();
  await lanes.stop();
  await settle();
  const seconds = (performance.now() - startedAt) / 1_000;

  const end = await getPosition(room);
  await until(
    async () => {
      const position = await target.getPosition(room.name);
      expect(position).toEqual(end);
      return true;
    },
    {
      timeoutMs: 30_000,
      intervalMs: 50,
      message: () =>
        `the sink is where the room is:\n` +
        mirrors.map((mirror) => mirror.getOutput().slice(-4_000)).join('\n'),
    },
  );
  const content = await room.getContent();
  const commits = await loadCommits(room, '');
  const kept = await target.read(room.name);
  expect(await getPosition(room)).toEqual(end);
  expect(kept.content).toEqual(content);
  expectHistory(kept.history, commits, content);
  await check(commits, content!);
  expect(commits.length).toBeGreaterThanOrEqual(COMMITS);
  const counts = Object.entries(lanes.counts)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ');
  const caughtUp = performance.now() - startedAt - seconds * 1_000;
  return (
    `seed ${SEED}: ${commits.length} commits (${writers.getAnswered()} edits) ` +
    `in ${seconds.toFixed(1)} s, ${counts}; ` +
    `each once, checked ${caughtUp.toFixed(0)} ms later`
  );
};
