/** Asks the deployment that a room may live at for its archive. */
import {getArchiveUrl} from './archive-request.js';
import type {MoveFromConfig} from './move-config.js';
import {readLines} from './read-lines.js';

/**
 * How long the other side may be silent: it may have to wake the room, take over
 * what TinyBase's own has stored, or fetch the room itself.
 */
const SILENCE_MS = 20_000;

export type ArchiveQuestion = MoveFromConfig & {
  roomId: string | undefined;
};

/**
 * The lines of a room's archive. The room has left there when this resolves.
 *
 * @throws Where the other side cannot be reached, or does not give it.
 */
export const fetchArchive = async ({
  url,
  secret,
  roomId,
}: ArchiveQuestion): Promise<AsyncGenerator<string>> => {
  if (roomId === undefined) {
    throw new Error(
      'The platform does not tell in an alarm which room this is.',
    );
  }
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), SILENCE_MS);
  let response: Response;
  try {
    response = await fetch(getArchiveUrl(url, roomId), {
      method: 'POST',
      headers: {Authorization: `Bearer ${secret}`},
      redirect: 'manual',
      signal: controller.signal,
    });
  } finally {
    clearTimeout(timer);
  }
  if (response.status != 200 || !response.body) {
    await response.body?.cancel();
    throw new Error(
      `${new URL(url).host} answers ${response.status} when it is asked for the ` +
        'room: is its config.move set, with the same secret, and is this its ' +
        'URL of rooms?',
    );
  }
  return readLines(response.body, SILENCE_MS);
};
