/** What `onIgnoredError` is told, besides what `fetch` gives. */
import type {Changes as StoreChanges} from 'tinybase';
import {type Changes, DELETED, decodeAtom} from '../protocol/changes.js';

/** An Error about changes that the app has made, as TinyBase gives them. */
export type ChangesError = Error & {changes: StoreChanges[]};

const decode = (thing: any): unknown =>
  thing === DELETED
    ? undefined
    : typeof thing == 'object' && thing
      ? Object.fromEntries(
          Object.entries(thing).map(([id, child]) => [id, decode(child)]),
        )
      : decodeAtom(thing);

const createErrors =
  (name: string, message: string) =>
  (pushes: {changes: Changes}[]): ChangesError =>
    Object.assign(new Error(message), {
      name,
      changes: pushes.map(({changes: [tables, values]}): any => [
        decode(tables),
        decode(values),
        1,
      ]),
    });

export const createRefusedError = createErrors(
  'RefusedError',
  'Refused by hooks, schema or limits: rolled back.',
);

export const createLostError = createErrors(
  'LostError',
  'Unanswered: await getPendingCount() == 0.',
);

export const createReplacedError = createErrors(
  'ReplacedError',
  'Another Persister took over: use a PartySocket each.',
);
