/** Making a room's content equal to another, whoever else writes to it. */
import {type Content, isEmpty} from '../protocol/changes.js';
import {isSamePosition, type Position} from '../mirror/sink.js';
import {diffContent} from './content-diff.js';
import {CommandError} from './errors.js';
import {rest} from './retry.js';
import type {Room} from './room.js';
import {sendPart} from './send-part.js';
import {splitChanges} from './split-changes.js';

/** What a room takes at once, unless its limits say less. */
const MAX_LENGTH = 8_000_000;
/** How often in a row others may come in between, or the room not answer. */
const MAX_ROUNDS = 30;
const MAX_REST_MS = 1_000;

export type ReplaceOptions = {
  signal: AbortSignal;
  /** Whether the room must have no Store when it begins. */
  isNew: boolean;
  onSent(sent: {parts: number; of: number}): void;
};

export type Replaced =
  | {
      kind: 'replaced';
      position: Position;
      /** Whether others have written since, so that it may be otherwise now. */
      hasMovedOn: boolean;
    }
  | {kind: 'exists'};

/**
 * Sends what differs, as one commit where that is short enough, each part on
 * condition that the room is where it was looked at. Where that is not so any
 * more, what differs then is sent.
 *
 * @throws CommandError where the room refuses, or is written to all the time.
 */
export const replaceContent = async (
  room: Room,
  target: Content,
  {signal, isNew, onSent}: ReplaceOptions,
): Promise<Replaced> => {
  let maxLength = MAX_LENGTH;
  let hasSent = false;
  /** Where the room has said that it is, with all that was sent. */
  let reached: Position | undefined;

  for (let round = 0; round < MAX_ROUNDS; round++) {
    const {content, position} = await room.readContent();
    if (isNew && content && !hasSent) {
      return {kind: 'exists'};
    }
    const changes = diffContent(content, target);
    if (content && isEmpty(changes)) {
      return {kind: 'replaced', position, hasMovedOn: false};
    }
    if (reached) {
      if (isSamePosition(reached, position)) {
        throw new CommandError(`${room.name} has not kept what it has taken.`);
      }
      return {kind: 'replaced', position: reached, hasMovedOn: true};
    }
    const parts = splitChanges(changes, maxLength);
    let place: Position | undefined = position;
    for (let index = 0; place && index < parts.length; index++) {
      const sent = await sendPart(room, parts[index]!, place);
      place = undefined;
      hasSent ||= sent.kind == 'exact' || sent.kind == 'unclear';
      if (sent.kind == 'exact') {
        place = sent.position;
        round = 0;
        onSent({parts: index + 1, of: parts.length});
      } else if (sent.kind == 'too long') {
        maxLength = Math.floor(sent.length / 2);
      } else {
        await rest(
          Math.random() * Math.min(MAX_REST_MS, 20 * 2 ** round),
          signal,
        );
      }
    }
    reached = place;
  }
  throw new CommandError(
    `${room.name} is written to all the time, or does not answer: ` +
      `${MAX_ROUNDS} times its content was another when changes came. It is ` +
      'not equal to the file now. Try again when less is going on.',
  );
};
