/** The Cell that somebody has written into a column. */
import type {Cell} from 'tinybase';
import type {CellType} from './cell-types.js';

/** Where it is no Cell. */
export const INVALID = Symbol('invalid');
export type FromColumn = Cell | undefined | typeof INVALID;

// TinyBase's marks of a deletion, and of an object or array.
const isMark = (text: string): boolean =>
  text == '\uFFFC' || text[0] == '\uFFFD';

/** Any JSON may be a Cell, save what TinyBase has for marks of its own. */
export const fromJson = (thing: unknown): FromColumn =>
  typeof thing == 'string' && isMark(thing) ? INVALID : (thing as Cell);

export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return INVALID;
  }
};

const parseNumber = (value: unknown): number | typeof INVALID => {
  const number =
    typeof value == 'string' && value.trim() != '' ? Number(value) : value;
  return typeof number == 'number' && Number.isFinite(number)
    ? number
    : INVALID;
};

const BOOLEANS = new Map<unknown, boolean>([
  [true, true],
  [false, false],
  [1, true],
  [0, false],
  ['1', true],
  ['0', false],
  ['true', true],
  ['false', false],
]);

/**
 * Text is what the room's Cell is, where it can be that: a number that became text
 * with its column stays a number.
 */
const fromText = (text: string, before: Cell | undefined): FromColumn => {
  switch (typeof before) {
    case 'number':
      return String(Number(text)) == text ? Number(text) : fromJson(text);
    case 'boolean':
      return text == 'true' ? true : text == 'false' ? false : fromJson(text);
    case 'object': {
      const thing = before && parseJson(text);
      return typeof thing == 'object' && thing
        ? (thing as Cell)
        : fromJson(text);
    }
    default:
      return fromJson(text);
  }
};

/**
 * `value` is as it was captured, JSON parsed once; `before` is what the room has.
 * Undefined where the Cell is deleted.
 */
export const fromColumn = (
  type: CellType,
  value: unknown,
  before: Cell | undefined,
): FromColumn => {
  if (value == null) {
    return undefined;
  }
  switch (type) {
    case 'boolean':
      return BOOLEANS.get(value) ?? INVALID;
    case 'number':
      return parseNumber(value);
    case 'text':
      return typeof value == 'string' ? fromText(value, before) : INVALID;
    case 'json':
      return fromJson(value);
  }
};
