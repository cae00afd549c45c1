/** One `partykit dev` with a party for each thing that is measured. */
import {fileURLToPath} from 'node:url';
import {
  type PartyKitDev,
  startPartyKitDev,
} from '../test/support/partykit-dev.js';

export const REPOSITORY = fileURLToPath(
  new URL(process.env.REPOSITORY ?? '..', import.meta.url),
);

export const startServers = (): Promise<PartyKitDev> => {
  const rooms = `${REPOSITORY}bench/rooms`;
  return startPartyKitDev({
    main: 'bench/rooms/fixed-text.ts',
    cwd: REPOSITORY,
    config: {
      parties: {
        ours: `${rooms}/ours.ts`,
        oursobserved: `${REPOSITORY}test/rooms/ours.ts`,
        tinybase: `${rooms}/tinybase.ts`,
        tinybaseobserved: `${REPOSITORY}test/rooms/tinybase.ts`,
        relay: `${rooms}/relay.ts`,
        relayput: `${rooms}/relay-put.ts`,
        fixed: `${rooms}/fixed-text.ts`,
      },
    },
  });
};

let lastRoom = 0;

/** The URL of a room that nobody has used, of a party. */
export const createRoom = (
  {host}: Pick<PartyKitDev, 'host'>,
  party: string,
): {name: string; url: string} => {
  const name = `room${++lastRoom}`;
  return {name, url: `http://${host}/parties/${party}/${name}`};
};
