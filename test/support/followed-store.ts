/** A Store that is what a reader of a live feed makes of its events. */
import {createStore, type Store} from 'tinybase';
import type {FeedEvent} from './event-stream.js';

const DELETED = '\uFFFC';
const ENCODED = '\uFFFD';

/** Content or changes of the wire, as TinyBase takes them. */
export const decodeThings = (thing: any): any => {
  if (thing === DELETED) {
    return undefined;
  }
  if (typeof thing == 'string' && thing.startsWith(ENCODED)) {
    return JSON.parse(thing.slice(1));
  }
  if (Array.isArray(thing)) {
    return thing.map(decodeThings);
  }
  return typeof thing == 'object' && thing
    ? Object.fromEntries(
        Object.entries(thing).map(([id, one]) => [id, decodeThings(one)]),
      )
    : thing;
};

export interface FollowedStore {
  readonly store: Store;
  /** The offset of the first content. */
  readonly beganAt: number | undefined;
  /** The id of the last event; undefined where there was none. */
  readonly lastId: string | undefined;
  /** Where it has been: each range begins where the one before ends. */
  readonly ranges: [after: number, offset: number][];
  /** How often it had to begin anew. */
  readonly reloads: number;
  /** Applies an event; throws where it is not the one that comes next. */
  take(event: FeedEvent): void;
}

export const createFollowedStore = (): FollowedStore => {
  const store = createStore();
  const ranges: [number, number][] = [];
  let beganAt: number | undefined;
  let lastId: string | undefined;
  let reloads = 0;

  const check = (isRight: boolean, {name, id, data}: FeedEvent): void => {
    if (!isRight) {
      const {after, offset} = data;
      throw new Error(
        `${name} ${id}, of ${after} to ${offset}, came after ${lastId}`,
      );
    }
  };

  return {
    store,
    ranges,
    get beganAt() {
      return beganAt;
    },
    get lastId() {
      return lastId;
    },
    get reloads() {
      return reloads;
    },
    take: (event) => {
      const {name, id, data} = event;
      check(id == `${data.epoch}.${data.offset}`, event);
      if (name == 'commit') {
        check(lastId == `${data.epoch}.${data.after}`, event);
        check(data.after < data.offset, event);
        store.transaction(() =>
          data.changes.forEach((changes: any) =>
            store.applyChanges(decodeThings(changes)),
          ),
        );
        ranges.push([data.after, data.offset]);
      } else {
        check(name == (lastId === undefined ? 'content' : 'reload'), event);
        beganAt ??= data.offset;
        reloads += lastId === undefined ? 0 : 1;
        store.setContent(decodeThings(data.content));
      }
      lastId = id;
    },
  };
};
