/** What a change costs that wakes a room. */
import {changeCell} from './changes.js';
import {createFilledRoom, createRoom, openPair, type Pair} from './room.js';
import {
  type Bench,
  type Measure,
  median,
  oncePerRound,
  type Scenario,
} from './scenario.js';
import type {SubjectName} from './subjects.js';

const ROOMS = 8;
/** A room sleeps when it has been idle for ten seconds. */
const SLEEP_MS = 13_000;
const STAY_AWAKE_MS = 3_000;

const SLEEPERS = ['ours', 'tinybase', 'relay', 'relayPut'] as const;

const openPairs = async (
  bench: Bench,
  subject: SubjectName,
): Promise<Pair[]> => {
  const pairs: Pair[] = [];
  for (let i = 0; i < (bench.isSmoke ? 1 : ROOMS); i++) {
    // A relay holds nothing, whatever it is given.
    const room = subject.startsWith('relay')
      ? createRoom(bench, subject)
      : await createFilledRoom(bench, subject);
    pairs.push(await openPair(room));
  }
  return pairs;
};

/** The median of one change to each of the rooms, in turn. */
const changeEach = async (pairs: Pair[], token: string): Promise<number> => {
  const times: number[] = [];
  for (const pair of pairs) {
    times.push(await pair.change(changeCell('row', token), token));
  }
  return median(times);
};

/** Lets all rooms sleep at once but those that stay awake, and wakes them. */
const timeAll = oncePerRound(async (bench) => {
  const asleep = new Map<SubjectName, Pair[]>();
  const awake = new Map<SubjectName, Pair[]>();
  for (const subject of SLEEPERS) {
    asleep.set(subject, await openPairs(bench, subject));
    awake.set(subject, await openPairs(bench, subject));
  }
  for (const pairs of [...asleep.values(), ...awake.values()]) {
    await changeEach(pairs, 'first');
  }
  const until = performance.now() + (bench.isSmoke ? 0 : SLEEP_MS);
  for (let count = 0; performance.now() < until; count++) {
    for (const pairs of awake.values()) {
      await changeEach(pairs, `awake${count}`);
    }
    await new Promise((resolve) => setTimeout(resolve, STAY_AWAKE_MS));
  }
  const times: {[who: string]: number} = {};
  for (const subject of SLEEPERS) {
    times[`${subject}Awake`] = await changeEach(awake.get(subject)!, 'last');
    times[subject] = await changeEach(asleep.get(subject)!, 'last');
  }
  [...asleep.values(), ...awake.values()]
    .flat()
    .forEach((pair) => pair.close());
  return times;
});

const measure =
  (who: string): Measure =>
  async (bench) =>
    (await timeAll(bench))[who]!;

export const ASLEEP: Scenario[] = [
  {
    id: 'asleep',
    title: '1-cell change to a sleeping room of 100,000 cells',
    unit: 'ms',
    subjects: Object.fromEntries(
      SLEEPERS.flatMap((subject) =>
        [subject, `${subject}Awake`].map((who) => [who, measure(who)]),
      ),
    ),
    titles: {
      oursAwake: 'tinybase-partykit, awake',
      tinybaseAwake: 'TinyBase’s own, awake',
      relayAwake: 'a relay that stores nothing, awake',
      relayPutAwake: 'a relay with one put a message, awake',
    },
    goals: [{to: 'oursAwake', atMost: 2}],
  },
];
