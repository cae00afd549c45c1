/** Changes as an application has them, and as they travel: both ways. */
import type {Changes as StoreChanges, Content as StoreContent} from 'tinybase';
import {type Changes, DELETED, decodeAtom, encodeAtom} from './changes.js';
import {decodeContent} from './content.js';
import {parseContent} from './parse-changes.js';

const decodeThings = (things: any): any =>
  things === DELETED
    ? undefined
    : typeof things == 'object' && things
      ? Object.fromEntries(
          Object.entries(things).map(([id, thing]) => [
            id,
            decodeThings(thing),
          ]),
        )
      : decodeAtom(things);

/** Changes as TinyBase's `getTransactionChanges` gives them. */
export const decodeChanges = ([tables, values]: Changes): StoreChanges => [
  decodeThings(tables),
  decodeThings(values),
  1,
];

/** All of a Store; undefined where it is malformed. Consumes the parsed JSON. */
export const parseStoreContent = (value: unknown): StoreContent | undefined => {
  const content = parseContent(value);
  if (content) {
    decodeContent(content);
  }
  return content as StoreContent | undefined;
};

const mapThings = (
  things: any,
  depth: number,
  mapAtom: (thing: unknown) => any,
): any =>
  things === undefined
    ? DELETED
    : depth
      ? Object.fromEntries(
          Object.entries(things).map(([id, thing]) => [
            id,
            mapThings(thing, depth - 1, mapAtom),
          ]),
        )
      : mapAtom(things);

const mapChanges = (
  [tables, values]: StoreChanges,
  mapAtom: (thing: unknown) => any,
): Changes => [mapThings(tables, 3, mapAtom), mapThings(values, 1, mapAtom), 1];

/**
 * Changes as JSON can carry them (T1 of docs/protocol.md): an object or array is a
 * string after U+FFFD, what is deleted the string U+FFFC.
 */
export const encodeChanges = (changes: StoreChanges): Changes =>
  mapChanges(changes, encodeAtom);

/** Changes with what is deleted marked by U+FFFC, and all else as it is. */
export const markDeletions = (changes: StoreChanges): Changes =>
  mapChanges(changes, (thing) => thing);
