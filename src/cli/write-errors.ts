/** Why a room did not take what was written to it. */
import {CommandError} from './errors.js';
import type {Room} from './room.js';

/** What an answer to a PUT or PATCH means, other than those that are dealt with. */
export const createWriteError = async (
  room: Room,
  response: Response,
): Promise<Error> => {
  if (response.status == 405) {
    await response.body?.cancel();
    return new CommandError(
      `${room.name} takes no PATCH: say allowPatch: true in its config, or ask ` +
        'for a token in its onBeforeRequest (docs/back-ends.md).',
    );
  }
  return await room.createError(response);
};
