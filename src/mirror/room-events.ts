/** What a room tells of itself by HTTP, parsed: docs/feeds.md describes it. */
import type {Content} from 'tinybase';
import {decodeChanges, parseStoreContent} from '../protocol/decoded-changes.js';
import {parseChanges, parseJson} from '../protocol/parse-changes.js';
import {isCount} from '../protocol/place.js';
import type {Commit, Position} from './sink.js';

/** All of a room's Store, where it is. */
export type Whole = Position & {content: Content};

export type RoomEvent =
  | ({kind: 'whole'} & Whole)
  | {kind: 'commit'; commit: Commit};

export const parseCommit = (value: any): Commit | undefined => {
  const {epoch, after, offset, time, author, changes} = value ?? {};
  const list = Array.isArray(changes)
    ? changes.map((one) => parseChanges(one))
    : [undefined];
  return typeof epoch == 'string' &&
    isCount(after) &&
    isCount(offset) &&
    after < offset &&
    list.every((one) => one !== undefined)
    ? {
        epoch,
        after,
        offset,
        ...(isCount(time) ? {time} : {}),
        ...(typeof author == 'string' ? {author} : {}),
        changes: list.map(decodeChanges),
      }
    : undefined;
};

/**
 * An event of the live feed; undefined where it is of a kind that is not known,
 * which a later version of the room may bring.
 *
 * @throws Error where it is malformed.
 */
export const parseRoomEvent = (
  name: string | undefined,
  data: string,
): RoomEvent | undefined => {
  if (name != 'content' && name != 'reload' && name != 'commit') {
    return undefined;
  }
  const value: any = parseJson(data) ?? {};
  if (name == 'commit') {
    const commit = parseCommit(value);
    if (commit) {
      return {kind: 'commit', commit};
    }
  } else {
    const {epoch, offset} = value;
    const content = parseStoreContent(value.content);
    if (content && typeof epoch == 'string' && isCount(offset)) {
      return {kind: 'whole', epoch, offset, content};
    }
  }
  throw new Error(`The room has sent a malformed event "${name}".`);
};
