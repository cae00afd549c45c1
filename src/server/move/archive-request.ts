/** How one deployment asks another for a room. */

const PARAMETER = 'room-archive';

/** What it asks for: the room to leave and give its archive, or to come back. */
const METHODS = ['POST', 'DELETE'];

/**
 * Whether a request is for a room's archive; anybody may make one. A room that may
 * leave answers it whatever its path, past all that the app has: who has to be let
 * in by the app is not to come by this.
 */
export const isArchiveRequest = ({
  url,
  method,
}: {
  url: string;
  method: string;
}): boolean =>
  METHODS.includes(method) && new URL(url).searchParams.has(PARAMETER);

/** Where the archive of a room is asked for. */
export const getArchiveUrl = (roomsUrl: string, roomId: string): string =>
  // As it is in a URL already, but for what would end it there.
  `${roomsUrl}/${roomId.replace(/[/?#]/g, encodeURIComponent)}?${PARAMETER}`;
