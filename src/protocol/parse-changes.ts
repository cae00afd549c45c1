/**
 * Turns what a peer sent into changes or content, or into nothing: past here
 * the shapes are trusted.
 */
import {
  type Atom,
  type Changes,
  type Content,
  DELETED,
  decodeAtom,
  encodeAtom,
  isEncoded,
} from './changes.js';
import {MAX_NESTING} from './limits.js';
import {setOwn} from './content.js';

type Things = {[id: string]: unknown};

const isThings = (things: unknown): things is Things =>
  typeof things == 'object' && things !== null && !Array.isArray(things);

/** Whether objects and arrays are nested no deeper than that. */
const isWithin = (thing: unknown, depth: number): boolean =>
  typeof thing != 'object' ||
  thing === null ||
  (depth > 0 &&
    Object.values(thing).every((child) => isWithin(child, depth - 1)));

/** An object or array, encoded or not, in its one spelling. */
const parseObject = (atom: object | string): Atom | undefined => {
  try {
    const thing = decodeAtom(atom as Atom);
    return typeof thing == 'object' && thing && isWithin(thing, MAX_NESTING)
      ? encodeAtom(thing)
      : undefined;
  } catch {
    // Not JSON, as a key of the app's own in storage may be.
    return undefined;
  }
};

/** The atom in its one spelling, or undefined where it is none. */
const parseAtom = (atom: unknown, deletable: boolean): Atom | undefined => {
  switch (typeof atom) {
    case 'boolean':
      return atom;
    case 'number':
      return Number.isFinite(atom) ? atom : undefined;
    case 'string':
      return atom === DELETED
        ? deletable
          ? atom
          : undefined
        : isEncoded(atom)
          ? parseObject(atom)
          : atom;
    case 'object':
      return atom && parseObject(atom);
    default:
      return undefined;
  }
};

/** Checks a tree of this depth, and encodes its leaves in place. */
const parseThings = (
  things: unknown,
  depth: number,
  deletable: boolean,
): boolean => {
  if (!isThings(things)) {
    return false;
  }
  for (const id of Object.keys(things)) {
    const thing = things[id];
    if (depth) {
      if (
        !(deletable && thing === DELETED) &&
        !parseThings(thing, depth - 1, deletable)
      ) {
        return false;
      }
    } else {
      const atom = parseAtom(thing, deletable);
      if (atom === undefined) {
        return false;
      }
      if (atom !== thing) {
        setOwn(things, id, atom);
      }
    }
  }
  return true;
};

/**
 * The value as changes, or undefined where it is malformed. Object and array
 * leaves are encoded in place: the value given is consumed.
 */
export const parseChanges = (value: unknown): Changes | undefined =>
  Array.isArray(value) &&
  value.length == 3 &&
  value[2] === 1 &&
  parseThings(value[0], 2, true) &&
  parseThings(value[1], 0, true)
    ? (value as unknown as Changes)
    : undefined;

/** The value as content, or undefined where it is malformed; consumes it. */
export const parseContent = (value: unknown): Content | undefined =>
  Array.isArray(value) &&
  value.length == 2 &&
  parseThings(value[0], 2, false) &&
  parseThings(value[1], 0, false)
    ? (value as unknown as Content)
    : undefined;

/** JSON.parse that answers undefined where the text is not JSON. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
