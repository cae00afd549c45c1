/** What kind of simulation a seed stands for. */
import {Random} from './random.js';

export type Profile = {
  steps: number;
  /** How much of a step is doing something rather than waiting for something. */
  activity: number;
  clients: number;
  /** Clients of TinyBase's own half. */
  legacyClients: number;
  /** Each transaction also writes its number, so that a lost one shows. */
  markers: boolean;
  /** Clients whose Store has content before they join. */
  localContent: number;
  /** Clients that start with initial content. */
  initialContent: number;
  /** Clients whose app answers what it is shown by writes. */
  derivedWrites: boolean;
  /** The room is TinyBase's own. */
  legacyRoom: boolean;
  /** Clients that go from one room to another. */
  moves: number;
  /** Clients that stop and start by themselves. */
  toggles: number;
  /** Clients whose app acts, or throws, when it is told something. */
  reactions: number;
  /** Somebody who sends what makes no sense. */
  hostile: boolean;
  /** What TinyBase's own server half has left in storage. */
  takeover: boolean;
  /** Cells that fill storage's values. */
  bigCells: boolean;
  /** What the room's own code writes. */
  ownWrites: number;
  networkMs: number;
  storageMs: number;
  readMs: number;
  /** Faults, each as a probability per opportunity. */
  drops: number;
  crashes: number;
  evictions: number;
  httpFailures: number;
  storageFailures: number;
  /** Storage that answers before what it was given is durable. */
  lyingStorage: boolean;
  hookFailures: number;
  /** Hooks that write to the room's Store. */
  hookWrites: number;
  hooks: 'none' | 'sync' | 'mixed' | 'slow';
  schema: 'none' | 'tables' | 'full';
  storagePrefix: string;
  limits: {[name: string]: number};
};

export const createProfile = (seed: number): Profile => {
  const random = new Random(seed ^ 0x2545f491);
  const {pick} = {pick: <Thing>(things: Thing[]) => random.pick(things)};
  const profile: Profile = {
    steps: pick([150, 250, 250, 600]),
    activity: pick([0.03, 0.1, 0.25]),
    clients: pick([2, 2, 3, 4]),
    legacyClients: pick([0, 0, 1, 2]),
    markers: pick([true, false]),
    localContent: pick([0, 0, 0.5]),
    initialContent: pick([0, 0, 0.5]),
    derivedWrites: random.chance(0.1),
    legacyRoom: random.chance(0.05),
    moves: pick([0, 0, 0, 0, 0, 0.3]),
    toggles: pick([0, 0, 0, 0.5]),
    reactions: pick([0, 0, 0, 0.1]),
    hostile: random.chance(0.1),
    takeover: random.chance(0.1),
    bigCells: random.chance(0.02),
    ownWrites: pick([0, 0, 0.03, 0.1]),
    networkMs: pick([1, 30, 300]),
    storageMs: pick([1, 10, 100]),
    readMs: pick([0, 0, 5]),
    drops: pick([0, 0.02, 0.1]),
    crashes: pick([0, 0.01, 0.03]),
    evictions: pick([0, 0.03, 0.1]),
    httpFailures: pick([0, 0.1, 0.4]),
    storageFailures: pick([0, 0, 0, 0, 0, 0.05]),
    lyingStorage: false,
    hookFailures: pick([0, 0, 0.02]),
    hookWrites: pick([0, 0, 0, 0.05]),
    hooks: pick(['none', 'none', 'sync', 'mixed', 'slow']),
    schema: pick(['none', 'none', 'tables', 'full']),
    storagePrefix: pick(['', 'app_']),
    limits: {
      MIN_COMPACTION_LENGTH: pick([500, 3_000, 64_000]),
      MAX_CATCH_UP_LENGTH: pick([1_000, 10_000, 1_000_000]),
      MAX_CLIENTS: pick([2, 1_000, 1_000, 1_000]),
      MAX_FRAME_LENGTH: pick([100, 400, 256_000]),
      MAX_PUSH_LENGTH: pick([600, 8_000_000, 8_000_000]),
    },
  };
  if (profile.bigCells) {
    // As in the real limits: what a push may be long, so many frames hold.
    profile.limits.MAX_FRAME_LENGTH = 256_000;
  }
  if (profile.derivedWrites) {
    // A listener that insists on what was refused by chance stays alone with it.
    profile.hookFailures = 0;
  }
  if (profile.legacyClients) {
    // What TinyBase's own half does not survive, with whatever room.
    Object.assign(profile, {
      httpFailures: 0,
      storageFailures: 0,
      networkMs: Math.min(profile.networkMs, 100),
    });
  }
  if (profile.legacyRoom) {
    Object.assign(profile, {
      legacyClients: 0,
      httpFailures: 0,
      networkMs: Math.min(profile.networkMs, 30),
      crashes: 0,
      evictions: 0,
      ownWrites: 0,
      hostile: false,
    });
  }
  return profile;
};
