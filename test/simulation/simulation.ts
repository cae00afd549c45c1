/** One simulation: a seed, what happens by chance, and what must hold. */
import {act} from './acts.js';
import {Cast} from './cast.js';
import {checkRest} from './check-rest.js';
import {settle} from './clock.js';
import {enterWorld} from './globals.js';
import {setLimits} from './limits.js';
import {createProfile, type Profile} from './profile.js';
import {type Counts, World} from './world.js';

export type Outcome = {
  seed: number;
  steps: number;
  profile: Profile;
  failure?: string;
  trace: string[];
  counts: Counts;
};

/** Where nothing else happens for this long, mostly somebody does something. */
const QUIET_MS = 400;
/**
 * How long everything may take to heal by itself: a heartbeat that finds out, and
 * an answer that is waited for as long as it ever is.
 */
const REST_MS = 5 * 60_000;
const REST_STEPS = 5_000;

/** Plays a seed; `changes` are for looking into what a failure depends on. */
export const simulate = async (
  seed: number,
  changes: Partial<Profile> = {},
): Promise<Outcome> => {
  const profile = {...createProfile(seed), ...changes};
  const world = new World(seed, profile);
  setLimits(profile.limits);
  const cast = new Cast(world);
  const leaveWorld = enterWorld(world, cast.http);
  try {
    const steps = await play(world, cast);
    return {
      seed,
      steps,
      profile,
      failure: world.violation?.message,
      trace: world.violation ? world.trace : [],
      counts: world.counts,
    };
  } finally {
    leaveWorld();
  }
};

const play = async (world: World, cast: Cast): Promise<number> => {
  const {clock, profile} = world;
  const random = world.random.of('play');
  let steps = 0;
  await cast.enter();
  while (steps < profile.steps && !world.violation) {
    steps++;
    const isQuiet = clock.next > clock.now + QUIET_MS && random.chance(0.6);
    if (clock.isEmpty || isQuiet || random.chance(profile.activity)) {
      await act(cast);
      await settle();
    } else {
      await clock.step();
    }
    cast.check();
  }

  // Rest: nothing fails any more, everything arrives, and all timers run.
  world.note('--- rest');
  await cast.calmDown();
  steps += await rest(world, cast);
  if (!world.violation) {
    await checkRest(world, cast);
  }
  return steps;
};

const rest = async (world: World, cast: Cast): Promise<number> => {
  const {clock} = world;
  const startedAt = clock.now;
  const isAtRest = () =>
    cast.isSynced
      ? clock.next >= startedAt + REST_MS
      : // Just now a slow answer may have been taken for none.
        clock.next >= startedAt + 2 * REST_MS;
  let steps = 0;
  await settle();
  while (!clock.isEmpty && !isAtRest() && !world.violation) {
    world.expect(++steps < REST_STEPS, 'G1', () => 'it never comes to rest');
    await clock.step();
    cast.check();
  }
  return steps;
};
