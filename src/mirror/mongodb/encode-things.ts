/** Content as BSON documents can carry it, and back. */
import {escapeName, unescapeName} from '../escape-name.js';

/** What stands before JSON, as in TinyBase: no string of a Store begins so. */
const JSON_PREFIX = '\uFFFD';
/** Of objects in Cells: MongoDB takes 100 levels in a document. */
const MAX_LEVELS = 50;

const HALF_CHARACTER = /\p{Surrogate}/u;
/**
 * What a name of a field may not have, or not mean: the full stop, a `$` that it
 * begins with, NUL, and the name by which the driver knows types of its own.
 */
// oxlint-disable-next-line no-control-regex
const UNSAFE_IN_FIELD = /[%.\0]|^\$|^_(?=bsontype$)|\p{Surrogate}/gu;
const UNSAFE_IN_KEY = /[%/]|\p{Surrogate}/gu;

/** An `_id` of several ids. */
export const joinIds = (...ids: string[]): string =>
  ids.map((id) => escapeName(id, UNSAFE_IN_KEY)).join('/');

const canHold = (thing: unknown, levels: number): boolean => {
  if (typeof thing == 'string') {
    return !HALF_CHARACTER.test(thing);
  }
  return (
    typeof thing != 'object' ||
    !thing ||
    (levels > 0 &&
      Object.values(thing).every((inner) => canHold(inner, levels - 1)))
  );
};

const renameAll = (thing: any, rename: (name: string) => string): any =>
  typeof thing != 'object' || !thing
    ? thing
    : Array.isArray(thing)
      ? thing.map((inner) => renameAll(inner, rename))
      : Object.fromEntries(
          Object.entries(thing).map(([name, inner]) => [
            rename(name),
            renameAll(inner, rename),
          ]),
        );

const encodeField = (name: string): string => escapeName(name, UNSAFE_IN_FIELD);

/**
 * A Cell or Value. One that BSON cannot hold, as it has half a character or too
 * many levels, is U+FFFD and its JSON.
 */
const encodeCell = (cell: unknown): unknown =>
  canHold(cell, MAX_LEVELS)
    ? renameAll(cell, encodeField)
    : JSON_PREFIX + JSON.stringify(cell);

const decodeCell = (cell: unknown): unknown =>
  typeof cell == 'string' && cell.startsWith(JSON_PREFIX)
    ? JSON.parse(cell.slice(1))
    : renameAll(cell, unescapeName);

const mapThings = (
  things: any,
  levels: number,
  [rename, map]: [(name: string) => string, (cell: unknown) => unknown],
): any =>
  levels && typeof things == 'object' && things
    ? Object.fromEntries(
        Object.entries(things).map(([id, inner]) => [
          rename(id),
          mapThings(inner, levels - 1, [rename, map]),
        ]),
      )
    : map(things);

/** Cells by so many levels of ids: 3 for Tables, 1 for a Row or the Values. */
export const encodeThings = (things: object, levels: number): any =>
  mapThings(things, levels, [encodeField, encodeCell]);

export const decodeThings = (things: object, levels: number): any =>
  mapThings(things, levels, [unescapeName, decodeCell]);
