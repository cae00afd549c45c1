/**
 * Where the rooms of `test/room` and `test/interop` run, by the variable
 * `PLATFORM`: `partykit` (unless told), `partyserver`, or `partyserver-kv`.
 */
import type {ObjectStorage} from './workerd.js';

type Platform = 'partykit' | {readonly storage: ObjectStorage};

const PLATFORMS: {readonly [name: string]: Platform} = {
  // PartyKit's own runtime, a workerd of 2024.
  partykit: 'partykit',
  // Durable Objects on a current workerd, as Cloudflare makes them by default.
  partyserver: {storage: 'sqlite'},
  // The same with the storage that PartyKit's own have.
  'partyserver-kv': {storage: 'kv'},
};

const name = process.env.PLATFORM ?? 'partykit';

const find = (): Platform => {
  const platform = PLATFORMS[name];
  if (!platform) {
    throw new Error(
      `PLATFORM=${name}: one of ${Object.keys(PLATFORMS).join(', ')}`,
    );
  }
  return platform;
};

export const PLATFORM: Platform = find();

/** PartyKit runs a TinyBase room as it is; partyserver has another class. */
export const isPartyKit = PLATFORM == 'partykit';

/** How objects store in what is of partyserver alone. */
export const OBJECT_STORAGE: ObjectStorage =
  PLATFORM == 'partykit' ? 'sqlite' : PLATFORM.storage;
