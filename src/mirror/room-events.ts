/** What a room tells of itself by HTTP, parsed: docs/feeds.md describes it. */
import type {Content} from 'tinybase';
import type {Content as WireContent} from '../protocol/changes.js';
import {decodeContent} from '../protocol/content.js';
import {decodeChanges} from '../protocol/decoded-changes.js';
import {
  parseChanges,
  parseContent,
  parseJson,
} from '../protocol/parse-changes.js';
import type {Commit, Position} from './sink.js';

/** All of a room's Store, where it is. */
export type Whole = Position & {content: Content};

export type RoomEvent =
  | ({kind: 'whole'} & Whole)
  | {kind: 'commit'; commit: Commit};

const isOffset = (thing: unknown): thing is number =>
  Number.isSafeInteger(thing) && (thing as number) >= 0;

/** Consumes the value, as JSON has given it. */
export const parseWholeContent = (value: unknown): Content | undefined => {
  const content: WireContent | undefined = parseContent(value);
  if (content) {
    decodeContent(content);
  }
  return content as Content | undefined;
};

export const parseCommit = (value: any): Commit | undefined => {
  const {epoch, after, offset, time, author, changes} = value ?? {};
  const list = Array.isArray(changes)
    ? changes.map((one) => parseChanges(one))
    : [undefined];
  return typeof epoch == 'string' &&
    isOffset(after) &&
    isOffset(offset) &&
    after < offset &&
    list.every((one) => one !== undefined)
    ? {
        epoch,
        after,
        offset,
        ...(isOffset(time) ? {time} : {}),
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
    const content = parseWholeContent(value.content);
    if (content && typeof epoch == 'string' && isOffset(offset)) {
      return {kind: 'whole', epoch, offset, content};
    }
  }
  throw new Error(`The room has sent a malformed event "${name}".`);
};
