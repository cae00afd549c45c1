/** One `partykit dev` with a party for each thing that is measured. */
import {fileURLToPath} from 'node:url';
import {
  type PartyKitDev,
  startPartyKitDev,
} from '../test/support/partykit-dev.js';

export const REPOSITORY = fileURLToPath(
  new URL(process.env.REPOSITORY ?? '..', import.meta.url),
);

const ROOMS = `${REPOSITORY}bench/rooms`;
const OBSERVED_ROOMS = `${REPOSITORY}test/rooms`;

export const startServers = (): Promise<PartyKitDev> =>
  startPartyKitDev({
    main: 'bench/rooms/fixed-text.ts',
    cwd: REPOSITORY,
    config: {
      parties: {
        ours: `${ROOMS}/ours.ts`,
        oursobserved: `${OBSERVED_ROOMS}/ours.ts`,
        ourshooks: `${ROOMS}/ours-hooks.ts`,
        ourshooksobserved: `${ROOMS}/ours-hooks-observed.ts`,
        tinybase: `${ROOMS}/tinybase.ts`,
        tinybaseobserved: `${OBSERVED_ROOMS}/tinybase.ts`,
        relay: `${ROOMS}/relay.ts`,
        relayput: `${ROOMS}/relay-put.ts`,
        fixed: `${ROOMS}/fixed-text.ts`,
        fixedjson: `${ROOMS}/fixed-json.ts`,
      },
    },
  });
