/** What kind of simulation a seed stands for. */
import {Random} from './random.js';

export type Profile = {
  steps: number;
  /** How much of a step is doing something rather than waiting for something. */
  activity: number;
  clients: number;
  /** Clients of TinyBase's own half. */
  legacyClients: number;
  /** Nothing but clients of ours writes, and nothing changes what they write. */
  plain: boolean;
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
  /** Devices that run nothing for a while, or hide the page. */
  freezes: number;
  /** Devices whose clocks are wrong, and are set. */
  skewedClocks: boolean;
  /** Clients that share one connection id, as two tabs may. */
  sharedIds: boolean;
  /** Somebody who sends what makes no sense. */
  hostile: boolean;
  /** What TinyBase's own server half has left in storage. */
  takeover: boolean;
  /** Somebody who sends all its pushes again and again. */
  repeating: boolean;
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
  /** Crashes of the room right at what it asks of storage. */
  storageCrashes: number;
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

const drawProfile = (random: Random): Profile => {
  const pick = <Thing>(field: string, things: Thing[]): Thing =>
    random.of(field).pick(things);
  const chance = (field: string, probability: number): boolean =>
    random.of(field).chance(probability);
  return {
    steps: pick('steps', [200, 200, 250, 600]),
    activity: pick('activity', [0.03, 0.1, 0.25]),
    clients: pick('clients', [2, 2, 3, 4]),
    legacyClients: pick('legacyClients', [0, 0, 1, 2]),
    plain: chance('plain', 0.2),
    markers: pick('markers', [true, false]),
    localContent: pick('localContent', [0, 0, 0.5]),
    initialContent: pick('initialContent', [0, 0, 0.5]),
    derivedWrites: chance('derivedWrites', 0.1),
    legacyRoom: chance('legacyRoom', 0.05),
    moves: pick('moves', [0, 0, 0, 0, 0, 0.3]),
    toggles: pick('toggles', [0, 0, 0, 0.5]),
    reactions: pick('reactions', [0, 0, 0, 0.1]),
    freezes: pick('freezes', [0, 0, 0.1, 0.4]),
    skewedClocks: chance('skewedClocks', 0.3),
    sharedIds: chance('sharedIds', 0.1),
    hostile: chance('hostile', 0.1),
    takeover: chance('takeover', 0.1),
    repeating: chance('repeating', 0.15),
    bigCells: chance('bigCells', 0.02),
    ownWrites: pick('ownWrites', [0, 0, 0.03, 0.1]),
    networkMs: pick('networkMs', [1, 30, 300]),
    storageMs: pick('storageMs', [1, 10, 100]),
    readMs: pick('readMs', [0, 0, 5]),
    drops: pick('drops', [0, 0.02, 0.1]),
    crashes: pick('crashes', [0, 0.01, 0.03]),
    storageCrashes: pick('storageCrashes', [0, 0, 0.01, 0.05]),
    evictions: pick('evictions', [0, 0.03, 0.1]),
    httpFailures: pick('httpFailures', [0, 0.1, 0.4]),
    storageFailures: pick('storageFailures', [0, 0, 0, 0.05]),
    lyingStorage: false,
    hookFailures: pick('hookFailures', [0, 0, 0.02]),
    hookWrites: pick('hookWrites', [0, 0, 0, 0.05]),
    hooks: pick('hooks', ['none', 'none', 'sync', 'mixed', 'slow']),
    schema: pick('schema', ['none', 'none', 'tables', 'full']),
    storagePrefix: pick('storagePrefix', ['', 'app_']),
    limits: {
      MIN_COMPACTION_BYTES: pick('MIN_COMPACTION', [500, 3_000, 64_000]),
      MAX_CATCH_UP_BYTES: pick('MAX_CATCH_UP', [1_000, 10_000, 1_000_000]),
      MAX_CLIENTS: pick('MAX_CLIENTS', [2, 1_000, 1_000, 1_000]),
      MAX_FRAME_LENGTH: pick('MAX_FRAME', [100, 400, 256_000]),
      MAX_PUSH_LENGTH: pick('MAX_PUSH', [600, 8_000_000, 8_000_000]),
      MAX_TURN_LENGTH: pick('MAX_TURN', [300, 8_000_000, 8_000_000]),
      ...pick('pieces', [
        // A page of the log fits a value.
        {
          MAX_STRING_LENGTH: 200,
          MAX_PIECE_BYTES: 400,
          MAX_LOG_PAGE_BYTES: 400,
        },
        {
          MAX_STRING_LENGTH: 65_000,
          MAX_PIECE_BYTES: 130_000,
          MAX_LOG_PAGE_BYTES: 1_000,
        },
        {
          MAX_STRING_LENGTH: 65_000,
          MAX_PIECE_BYTES: 130_000,
          MAX_LOG_PAGE_BYTES: 4_000,
        },
      ]),
      MAX_KEYS: pick('MAX_KEYS', [3, 128, 128]),
      MAX_PAGE_SIZE: pick('PAGE_SIZE', [3, 512, 512]),
      ...pick('steps of a compaction', [
        {STEP_BYTES: 100, MAX_KEYS_A_STEP: 1, MIN_LARGE_BYTES: 100},
        {STEP_BYTES: 1_000, MAX_KEYS_A_STEP: 5, MIN_LARGE_BYTES: 16_000},
        {STEP_BYTES: 130_000, MAX_KEYS_A_STEP: 100, MIN_LARGE_BYTES: 16_000},
      ]),
      ...pick('MAX_LOG', [
        {MAX_LOG_BYTES: 1_000, MAX_COMPACTED_BYTES: 1_500},
        {MAX_LOG_BYTES: 8_000_000, MAX_COMPACTED_BYTES: 16_000_000},
        {MAX_LOG_BYTES: 8_000_000, MAX_COMPACTED_BYTES: 16_000_000},
      ]),
      MAX_HELLOS: pick('MAX_HELLOS', [10, 100]),
      ...pick('MAX_UNREAD', [
        {PING_LENGTH: 400, MAX_UNREAD_LENGTH: 1_200},
        {PING_LENGTH: 400, MAX_UNREAD_LENGTH: 10_000_000},
        {PING_LENGTH: 256_000, MAX_UNREAD_LENGTH: 10_000_000},
      ]),
      ...pick('MAX_QUEUED', [
        {MAX_IN_FLIGHT_LENGTH: 1_000, MAX_QUEUED_LENGTH: 3_000},
        {MAX_IN_FLIGHT_LENGTH: 1_000, MAX_QUEUED_LENGTH: 10_000_000},
        {MAX_IN_FLIGHT_LENGTH: 4_000_000, MAX_QUEUED_LENGTH: 10_000_000},
      ]),
      // In proportion: no fragment of ours is shorter than that.
      MESSAGE_OVERHEAD: 20,
      MAX_FRAGMENTS_LENGTH: pick('MAX_FRAGMENTS', [1_000, 32_000_000]),
      MAX_PENDING_LENGTH: pick('MAX_PENDING', [3_000, 64_000_000, 64_000_000]),
    },
  };
};

/** What long Cells need: a push in one frame, and a queue that takes it. */
const REAL_LIMITS = {
  MAX_FRAME_LENGTH: 256_000,
  MAX_IN_FLIGHT_LENGTH: 4_000_000,
  MAX_QUEUED_LENGTH: 10_000_000,
  MAX_FRAGMENTS_LENGTH: 32_000_000,
  MAX_PENDING_LENGTH: 64_000_000,
  MAX_STRING_LENGTH: 65_000,
  MAX_PIECE_BYTES: 130_000,
  MAX_LOG_PAGE_BYTES: 4_000,
};

export const createProfile = (seed: number): Profile => {
  const profile = drawProfile(new Random(seed ^ 0x2545f491));
  if (profile.legacyRoom) {
    // What nobody survives there, as nothing is numbered and little is told.
    Object.assign(profile, {
      plain: false,
      freezes: 0,
      toggles: 0,
      legacyClients: 0,
      httpFailures: 0,
      networkMs: Math.min(profile.networkMs, 30),
      crashes: 0,
      storageCrashes: 0,
      evictions: 0,
      ownWrites: 0,
      hostile: false,
      repeating: false,
    });
  }
  if (profile.plain) {
    Object.assign(profile, {
      legacyClients: 0,
      ownWrites: 0,
      hooks: 'none',
      schema: 'none',
      hostile: false,
    });
  }
  if (profile.repeating) {
    // Awake again, a room knows what it has answered from the next hello on.
    profile.evictions = 0;
  }
  if (profile.bigCells) {
    // As in the real limits: what a push may be long, so many frames hold.
    Object.assign(profile.limits, REAL_LIMITS);
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
    profile.limits.MAX_QUEUED_LENGTH = REAL_LIMITS.MAX_QUEUED_LENGTH;
  }
  return profile;
};
