/**
 * What a webhook tells. On the wire Cells, Values and deletions are encoded, as
 * everywhere; an application gets them decoded.
 */
import type {Changes as StoreChanges, Content as StoreContent} from 'tinybase';
import {decodeChanges, parseStoreContent} from './decoded-changes.js';
import {parseChanges} from './parse-changes.js';
import {isCount} from './place.js';

export const STORE_UPDATED = 'storeUpdated';

/** A room's Store has moved on. */
export type StoreUpdatedEvent = {
  type: typeof STORE_UPDATED;
  /** When that was, in ISO 8601. */
  timestamp: string;
  data: {
    /** The id of the room. */
    room: string;
    /** The room's history: offsets of another epoch say nothing of this one. */
    epoch: string;
    /** The commits told of come after this offset … */
    fromOffset: number;
    /** … up to this one, which is told of, too. */
    toOffset: number;
    /** These commits in order, where the webhook is set up to include them. */
    changes?: StoreCommit[];
    /** All of the Store at `toOffset`, where the webhook includes it. */
    content?: StoreContent;
  };
};

/** One commit of a room. */
export type StoreCommit = {
  offset: number;
  /**
   * When it was, in milliseconds since 1970, by the clock of the room; of a room's
   * first content there is none.
   */
  time?: number;
  /** Whose doing it was, where the room's `getAuthor` has said that. */
  author?: string;
  /** What to give to `applyChanges` of a Store, in order. */
  changes: StoreChanges[];
};

export type ParsedWebhookEvent =
  | {kind: 'known'; event: StoreUpdatedEvent}
  | {kind: 'unknown'}
  | {kind: 'malformed'};

const ISO_8601 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

const isTimestamp = (thing: unknown): thing is string =>
  typeof thing == 'string' &&
  ISO_8601.test(thing) &&
  Number.isFinite(Date.parse(thing));

const isObject = (thing: unknown): thing is {[name: string]: unknown} =>
  typeof thing == 'object' && thing !== null;

const parseCommits = (
  list: unknown,
  fromOffset: number,
  toOffset: number,
): StoreCommit[] | undefined => {
  if (!Array.isArray(list)) {
    return undefined;
  }
  const commits: StoreCommit[] = [];
  let lastOffset = fromOffset;
  for (const commit of list) {
    const {offset, time, author, changes} = isObject(commit) ? commit : {};
    const parsed = Array.isArray(changes)
      ? changes.map((one) => parseChanges(one))
      : [undefined];
    if (
      !isCount(offset) ||
      offset <= lastOffset ||
      offset > toOffset ||
      !(time === undefined || isCount(time)) ||
      !(author === undefined || typeof author == 'string') ||
      !parsed.every((one) => one !== undefined)
    ) {
      return undefined;
    }
    commits.push({
      offset,
      ...(time === undefined ? {} : {time}),
      ...(author === undefined ? {} : {author}),
      changes: parsed.map(decodeChanges),
    });
    lastOffset = offset;
  }
  return commits;
};

const parseStoreUpdated = (
  timestamp: unknown,
  data: unknown,
): StoreUpdatedEvent | undefined => {
  if (!isTimestamp(timestamp) || !isObject(data)) {
    return undefined;
  }
  const {room, epoch, fromOffset, toOffset} = data;
  if (
    typeof room != 'string' ||
    typeof epoch != 'string' ||
    !isCount(fromOffset) ||
    !isCount(toOffset) ||
    fromOffset > toOffset
  ) {
    return undefined;
  }
  const event: StoreUpdatedEvent = {
    type: STORE_UPDATED,
    timestamp,
    data: {room, epoch, fromOffset, toOffset},
  };
  if ('changes' in data) {
    const commits = parseCommits(data.changes, fromOffset, toOffset);
    if (!commits) {
      return undefined;
    }
    event.data.changes = commits;
  }
  if ('content' in data) {
    const content = parseStoreContent(data.content);
    if (!content) {
      return undefined;
    }
    event.data.content = content;
  }
  return event;
};

/**
 * The event in the parsed JSON of a webhook's body, or why there is none; the
 * value given is consumed. Fields that are not known are left out, and an event
 * of a type that is not known is `unknown`: a later version may bring both.
 */
export const parseWebhookEvent = (value: unknown): ParsedWebhookEvent => {
  if (!isObject(value) || typeof value.type != 'string') {
    return {kind: 'malformed'};
  }
  if (value.type != STORE_UPDATED) {
    return {kind: 'unknown'};
  }
  const event = parseStoreUpdated(value.timestamp, value.data);
  return event ? {kind: 'known', event} : {kind: 'malformed'};
};
