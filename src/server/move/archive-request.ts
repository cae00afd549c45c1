/** How one deployment asks another for a room. */

const PARAMETER = 'room-archive';

/** What it asks for: the room to leave and give its archive, or to come back. */
const METHODS = ['POST', 'DELETE'];

/** What would end a name in a URL, or what a URL does not keep. */
const SPECIAL = /[/?#\\\t\n\r]/g;
/** Names that a URL takes for steps in its path. */
const STEP = /^(\.|%2e){1,2}$/i;

/**
 * Whether a request is for a room's archive; anybody may make one. A room that may
 * leave answers it whatever its path, past all that the app has: who has to be let
 * in by the app is not to come by this, nor to connect.
 */
export const isArchiveRequest = ({
  url,
  method,
  headers,
}: {
  url: string;
  method: string;
  headers: {has(name: string): boolean};
}): boolean =>
  METHODS.includes(method) &&
  !headers.has('Upgrade') &&
  new URL(url).searchParams.has(PARAMETER);

/**
 * Where the archive of a room is asked for.
 *
 * @throws Where no URL leads to a room of that name.
 */
export const getArchiveUrl = (roomsUrl: string, roomId: string): string => {
  if (STEP.test(roomId)) {
    throw new RangeError(`No URL leads to a room named ${roomId}.`);
  }
  // As it is in a URL already, but for what would be another room's there.
  const name = roomId.replace(SPECIAL, encodeURIComponent);
  return `${roomsUrl}/${name}?${PARAMETER}`;
};
