/** Changes as an application has them, and as they travel: both ways. */
import type {Changes as StoreChanges} from 'tinybase';
import {type Changes, DELETED, decodeAtom, encodeAtom} from './changes.js';

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

const encodeThings = (things: any, depth: number): any =>
  things === undefined
    ? DELETED
    : depth
      ? Object.fromEntries(
          Object.entries(things).map(([id, thing]) => [
            id,
            encodeThings(thing, depth - 1),
          ]),
        )
      : encodeAtom(things);

/**
 * Changes as JSON can carry them (T1 of docs/protocol.md): an object or array is a
 * string after U+FFFD, what is deleted the string U+FFFC.
 */
export const encodeChanges = ([tables, values]: StoreChanges): Changes => [
  encodeThings(tables, 3),
  encodeThings(values, 1),
  1,
];
