/** Sending changes to a room on condition that it is at a place. */
import type {Changes} from '../protocol/changes.js';
import {encodeEtag} from '../protocol/place.js';
import type {Position} from '../mirror/sink.js';
import {CommandError} from './errors.js';
import {mayPass} from './retry.js';
import {getEtagPosition, type Room} from './room.js';
import {splitChanges} from './split-changes.js';
import {createWriteError} from './write-errors.js';

export type Sent =
  /** The room has the changes, and nothing else with them: it is there. */
  | {kind: 'exact'; position: Position}
  /** It has, or may have, but where it stands now is not known. */
  | {kind: 'unclear'}
  /** It is at another place, and has not taken them. */
  | {kind: 'unmet'}
  /** It takes less at once than this. */
  | {kind: 'too long'; length: number};

/**
 * @throws CommandError where the room refuses, or cannot take it.
 */
export const sendPart = async (
  room: Room,
  part: Changes,
  position: Position,
): Promise<Sent> => {
  const text = JSON.stringify(part);
  let response: Response;
  try {
    response = await room.write('PATCH', text, {
      'If-Match': encodeEtag(position),
    });
  } catch (error) {
    if (mayPass(error)) {
      // If it has come, the room has moved on: it is not taken twice.
      return {kind: 'unclear'};
    }
    throw error;
  }
  if (response.ok) {
    const answer: any = await response.json();
    if (answer.refused) {
      throw new CommandError(
        `${room.name} has not taken all of it: its hooks or its schema have ` +
          'refused some. It is not equal to the file now.',
      );
    }
    const reached = getEtagPosition(response);
    return reached
      ? {kind: 'exact', position: reached}
      : // Something else came with it: a hook's doing, for one.
        {kind: 'unclear'};
  }
  if (response.status == 412 || response.status >= 500) {
    await response.body?.cancel();
    return {kind: response.status == 412 ? 'unmet' : 'unclear'};
  }
  if (response.status == 413) {
    await response.body?.cancel();
    if (splitChanges(part, text.length / 2).length == 1) {
      throw new CommandError(
        `${room.name} takes no changes as long as one Cell of the file: raise ` +
          'limits.maxPushLength in its config.',
      );
    }
    return {kind: 'too long', length: text.length};
  }
  throw await createWriteError(room, response);
};
