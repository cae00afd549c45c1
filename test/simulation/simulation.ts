/** One simulation: a seed, what happens by chance, and what must hold. */
import {RoomLog} from '../../src/server/room-log.js';
import {settle} from './clock.js';
import {FakeHttp, lightenResponses} from './fake-http.js';
import {describeDifference, flatten} from './flat-content.js';
import {LegacyClient, patchFetch} from './legacy-client.js';
import {Ledger} from './ledger.js';
import {setLimits} from './limits.js';
import {createProfile, type Profile} from './profile.js';
import {createRules} from './rules.js';
import {SimClient} from './sim-client.js';
import {SimRoom} from './sim-room.js';
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
/** How long a room is idle before it sleeps, which legacy clients count on. */
const SLEEP_MS = 10_000;
const REST_MS = 30 * 60_000;
const REST_STEPS = 20_000;

export const simulate = async (
  seed: number,
  changes: Partial<Profile> = {},
): Promise<Outcome> => {
  const profile = {...createProfile(seed), ...changes};
  const world = new World(seed, profile);
  const restore = [lightenResponses(), patchFetch()];
  setLimits(profile.limits);
  try {
    const steps = await run(world);
    return {
      seed,
      steps,
      profile,
      failure: world.violation?.message,
      trace: world.trace,
    };
  } finally {
    restore.forEach((undo) => undo());
  }
};

const run = async (world: World): Promise<number> => {
  const {clock, random, profile} = world;
  const ledger = new Ledger(world);
  const rules = createRules(world);
  const room = new SimRoom(world, ledger, rules);
  const http = new FakeHttp(world, room, ledger);
  const clients: SimClient[] = [];
  const legacyClients: LegacyClient[] = [];
  let names = 0;
  let steps = 0;

  const join = () => {
    const client = new SimClient(world, `c${names++}`, room, http, ledger);
    clients.push(client);
    client.begin();
  };

  const act = () => {
    const client = random.pick(clients);
    const {wire} = client.socket;
    random.weigh<() => unknown>([
      [10, () => client.write()],
      [
        legacyClients.length * 4,
        () => random.pick(legacyClients).write(),
      ],
      [
        legacyClients.length * profile.drops,
        () => random.pick(legacyClients).socket.wire?.breakLine(),
      ],
      [profile.ownWrites * 10, () => room.write()],
      [0.1, () => client.reload()],
      [profile.drops * 10, () => wire?.isOpen && wire.breakLine()],
      [profile.drops * 10, () => client.socket.reconnect()],
      [profile.crashes * 10, () => room.crash()],
      [
        profile.evictions * 10,
        () => room.isIdle(legacyClients.length ? SLEEP_MS : 0) && room.evict(),
      ],
      [
        profile.drops,
        () => {
          clients.splice(clients.indexOf(client), 1);
          client.destroy();
          join();
        },
      ],
    ])();
  };

  const check = () => clients.forEach((client) => client.checks.check());

  for (let i = 0; i < profile.clients; i++) {
    join();
  }
  for (let i = 0; i < profile.legacyClients; i++) {
    legacyClients.push(new LegacyClient(world, `l${i}`, room, http, ledger));
  }
  while (steps < profile.steps && !world.violation) {
    steps++;
    const quiet = clock.next > clock.now + QUIET_MS && random.chance(0.6);
    if (clock.isEmpty || quiet || random.chance(profile.activity)) {
      act();
      await settle();
    } else {
      await clock.step();
    }
    check();
  }

  // Rest: nothing fails any more, everything arrives, and all timers run.
  world.note('--- rest');
  world.calm = true;
  const endsAt = clock.now + REST_MS;
  clients.forEach(({socket}) => {
    if (socket.wire?.isBroken && !socket.wire.isDone) {
      socket.reconnect();
    }
  });
  let rest = 0;
  while (!clock.isEmpty && clock.next < endsAt && !world.violation) {
    world.expect(++rest < REST_STEPS, 'G1', () => 'it never comes to rest');
    await clock.step();
    check();
  }
  if (world.violation) {
    return steps + rest;
  }

  const log = new RoomLog(room.storage.open(), rules.storagePrefix);
  profile.readMs = 0;
  await log.open(() => 'none', true);
  const stored = log.epoch ? await log.readContent() : [{}, {}];
  const truth = flatten(stored);
  world.expect(
    !describeDifference(truth, ledger.flat),
    'G3',
    () => `stored is not the truth: ${describeDifference(truth, ledger.flat)}`,
  );
  for (const {name, isSound, store} of legacyClients) {
    const difference = describeDifference(flatten(store.getContent()), truth);
    world.expect(
      !difference || !isSound,
      'G8',
      () => `${name} differs from the room: ${difference}`,
    );
  }
  for (const client of clients) {
    const {session, name} = client;
    world.expect(
      session.getState() == 'synced' && !session.getPendingCount(),
      'G1',
      () =>
        `${name} rests ${session.getState()} with ${session.getPendingCount()} pending`,
    );
    const difference = describeDifference(client.getFlat(), truth);
    world.expect(
      !difference,
      'G1',
      () => `${name} differs from the room: ${difference}`,
    );
    client.checks.checkAnswers(truth);
  }
  return steps + rest;
};
