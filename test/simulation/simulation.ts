/** One simulation: a seed, what happens by chance, and what must hold. */
import {settle} from './clock.js';
import {Cast} from './cast.js';
import {checkRest} from './check-rest.js';
import {enterWorld} from './globals.js';
import {setLimits} from './limits.js';
import {createProfile, type Profile} from './profile.js';
import {World} from './world.js';

export type Outcome = {
  seed: number;
  steps: number;
  profile: Profile;
  failure?: string;
  trace: string[];
};

/** Where nothing else happens for this long, mostly somebody does something. */
const QUIET_MS = 400;
const REST_MS = 30 * 60_000;
const REST_STEPS = 20_000;

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
      trace: world.trace,
    };
  } finally {
    leaveWorld();
  }
};

const play = async (world: World, cast: Cast): Promise<number> => {
  const {clock, random, profile} = world;
  let steps = 0;
  cast.enter();
  while (steps < profile.steps && !world.violation) {
    steps++;
    const isQuiet = clock.next > clock.now + QUIET_MS && random.chance(0.6);
    if (clock.isEmpty || isQuiet || random.chance(profile.activity)) {
      cast.act();
      await settle();
    } else {
      await clock.step();
    }
    cast.check();
  }

  // Rest: nothing fails any more, everything arrives, and all timers run.
  world.note('--- rest');
  world.calm = true;
  cast.calmDown();
  steps += await rest(world, cast);
  cast.persist();
  steps += await rest(world, cast);
  if (!world.violation) {
    await checkRest(world, cast);
  }
  return steps;
};

const rest = async (world: World, cast: Cast): Promise<number> => {
  const {clock} = world;
  const endsAt = clock.now + REST_MS;
  let steps = 0;
  await settle();
  while (!clock.isEmpty && clock.next < endsAt && !world.violation) {
    world.expect(++steps < REST_STEPS, 'G1', () => 'it never comes to rest');
    await clock.step();
    cast.check();
  }
  return steps;
};
