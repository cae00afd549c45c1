/** The things of the list, as they are in the Store. */
import {getUniqueId, type Store} from 'tinybase';

export const THINGS = 'things';

export type Thing = {
  id: string;
  text: string;
  done: boolean;
  /** Who has added it, and when, in milliseconds since 1970. */
  by: string;
  at: number;
};

export const addThing = (
  store: Store,
  {text, by}: Pick<Thing, 'text' | 'by'>,
): void => {
  // An id of its own: two people may add one each at the same moment.
  store.setRow(THINGS, getUniqueId(), {text, done: false, by, at: Date.now()});
};

export const readThings = (store: Store): Thing[] =>
  store
    .getSortedRowIds(THINGS, 'at')
    .map((id) => ({id, ...(store.getRow(THINGS, id) as Omit<Thing, 'id'>)}));
