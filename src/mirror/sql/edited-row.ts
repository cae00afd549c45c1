/** A Row as others have changed it, one edit after the other. */
import type {Cell, Row} from 'tinybase';
import {getOwn, setOwn} from '../../protocol/content.js';
import {type FromColumn, INVALID} from './from-column.js';

/** What changes say of a Row: undefined where it is deleted. */
export type RowChange = {[cellId: string]: Cell | undefined} | undefined;

/** A Cell that somebody has written, by what the room has there. */
export type Written = Map<string, (before: Cell | undefined) => FromColumn>;

export class EditedRow {
  readonly #base: Row;
  #cells = new Map<string, Cell | undefined>();
  #isReplaced = false;
  #isGone = false;

  /** `base` is what the room has; undefined where it has no such Row. */
  constructor(base: Row | undefined) {
    this.#base = base ?? {};
  }

  remove(): void {
    this.#cells.clear();
    this.#isReplaced = true;
    this.#isGone = true;
  }

  /** All that it has from now on. */
  insert(written: Written): string[] {
    this.remove();
    return this.update(written);
  }

  /** Returns the Cells that could not be. */
  update(written: Written): string[] {
    this.#isGone = false;
    const invalid: string[] = [];
    for (const [cellId, from] of written) {
      const cell = from(this.#cells.get(cellId) ?? getOwn(this.#base, cellId));
      cell === INVALID ? invalid.push(cellId) : this.#cells.set(cellId, cell);
    }
    return invalid;
  }

  /** What that is as changes; empty where it is nothing. */
  getChange(): RowChange {
    if (this.#isGone) {
      return undefined;
    }
    const change = {};
    for (const [cellId, cell] of this.#cells) {
      const before = getOwn(this.#base, cellId);
      // Of what the room does not have there is nothing to delete; and null is no
      // Cell in a table.
      if (
        cell !== undefined ||
        (before !== undefined && !this.#isNull(before))
      ) {
        setOwn<Cell | undefined>(change, cellId, cell);
      }
    }
    if (this.#isReplaced) {
      for (const [cellId, before] of Object.entries(this.#base)) {
        if (!this.#cells.has(cellId) && before !== null) {
          setOwn<Cell | undefined>(change, cellId, undefined);
        }
      }
    }
    return change;
  }

  /** An insert says nothing of a Cell that is null. */
  #isNull(before: Cell): boolean {
    return this.#isReplaced && before === null;
  }
}
