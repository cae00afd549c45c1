/** One `partykit dev` with a party for each thing that is measured. */
import {fileURLToPath} from 'node:url';
import {
  type PartyKitDev,
  startPartyKitDev,
} from '../test/support/partykit-dev.js';

export const REPOSITORY = fileURLToPath(
  new URL(process.env.REPOSITORY ?? '..', import.meta.url),
);

/** The files of our rooms, by their parties. */
export const OUR_ROOMS = {
  ours: 'bench/rooms/ours.ts',
  oursobserved: 'test/rooms/ours.ts',
  ourshooks: 'bench/rooms/ours-hooks.ts',
  ourshooksobserved: 'bench/rooms/ours-hooks-observed.ts',
};

const OTHER_ROOMS = {
  tinybase: 'bench/rooms/tinybase.ts',
  tinybaseobserved: 'test/rooms/tinybase.ts',
  relay: 'bench/rooms/relay.ts',
  relayput: 'bench/rooms/relay-put.ts',
  fixed: 'bench/rooms/fixed-text.ts',
  fixedjson: 'bench/rooms/fixed-json.ts',
};

export const startServers = (): Promise<PartyKitDev> =>
  startPartyKitDev({
    main: 'bench/rooms/fixed-text.ts',
    cwd: REPOSITORY,
    parties: {...OUR_ROOMS, ...OTHER_ROOMS},
  });
