/** Giving a room that has no Store its first content. */
import {type Content, isEmpty} from '../protocol/changes.js';
import {isSamePosition, type Position} from '../mirror/sink.js';
import {diffContent} from './content-diff.js';
import {CommandError} from './errors.js';
import {getEtagPosition, type Room} from './room.js';
import {createWriteError} from './write-errors.js';

export type Created =
  | {
      kind: 'created';
      position: Position;
      /** Whether others have written since. */
      hasMovedOn: boolean;
    }
  /** It has a Store: nothing was changed. */
  | {kind: 'exists'}
  /** More than the room takes at once: nothing was changed. */
  | {kind: 'too long'};

/** Looks at what came of it: hooks and schemas may have let through less. */
const verify = async (
  room: Room,
  content: Content,
  stored: Position | undefined,
): Promise<Created> => {
  const {content: found, position} = await room.readContent();
  if (found && isEmpty(diffContent(found, content))) {
    return {kind: 'created', position, hasMovedOn: false};
  }
  if (stored && !isSamePosition(stored, position)) {
    return {kind: 'created', position: stored, hasMovedOn: true};
  }
  throw new CommandError(
    `${room.name} does not have all that was sent: its hooks or its schema ` +
      'have refused some, or somebody has written to it since.',
  );
};

/**
 * Sends all of it at once.
 *
 * @throws CommandError where the room does not take it.
 */
export const createContent = async (
  room: Room,
  content: Content,
): Promise<Created> => {
  let response: Response;
  try {
    response = await room.write('PUT', JSON.stringify(content), {
      'If-None-Match': '*',
    });
  } catch (error) {
    // Nobody knows whether it has come: the room does.
    const {content: found, position} = await room.readContent();
    if (found && isEmpty(diffContent(found, content))) {
      return {kind: 'created', position, hasMovedOn: false};
    }
    throw error;
  }
  const {status} = response;
  if (status == 201) {
    // With an ETag it was stored exactly as it came.
    return await verify(room, content, getEtagPosition(response));
  }
  if (status == 205 || status == 412 || status == 413) {
    await response.body?.cancel();
    return {kind: status == 413 ? 'too long' : 'exists'};
  }
  throw await createWriteError(room, response);
};
