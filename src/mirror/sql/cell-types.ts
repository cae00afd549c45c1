/** Which type a column has for the Cells that are in it. */
import type {CellOrUndefined} from 'tinybase';
import type {Dialect} from './dialect.js';

/**
 * `json` has objects and arrays only. `text` has anything: numbers and booleans as
 * JavaScript writes them, objects and arrays as JSON.
 */
export type CellType = 'boolean' | 'number' | 'json' | 'text';

export const CELL_TYPES: CellType[] = ['boolean', 'number', 'json', 'text'];

/** What a Cell needs; undefined for null, which any column can have. */
export const getCellType = (cell: unknown): CellType | undefined => {
  switch (typeof cell) {
    case 'boolean':
    case 'number':
      return typeof cell as CellType;
    case 'string':
      return 'text';
    default:
      return cell == null ? undefined : 'json';
  }
};

/** What has both: whatever differs is text together. */
export const widen = (one: CellType | undefined, other: CellType): CellType =>
  one === undefined || one == other ? other : 'text';

/** A Cell as text, as a column of type `text` has it. */
export const toCellText = (cell: unknown): string =>
  typeof cell == 'string' ? cell : JSON.stringify(cell);

/** A Cell as a parameter for a column that takes it. */
export const toParameter = (
  {toText, toJson, toBoolean}: Dialect,
  type: CellType,
  cell: CellOrUndefined,
): unknown => {
  if (cell == null) {
    return null;
  }
  switch (type) {
    case 'boolean':
      return toBoolean(cell as boolean);
    case 'number':
      return cell;
    case 'json':
      return toJson(JSON.stringify(cell));
    case 'text':
      return toText(toCellText(cell));
  }
};
