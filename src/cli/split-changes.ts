/** Changes as several that are short enough to be sent. */
import {
  addChange,
  type Changes,
  createChanges,
  isEmpty,
  visitChanges,
} from '../protocol/changes.js';

const lengthOf = (thing: unknown): number => JSON.stringify(thing).length;

/** Of `[{…},{…},1]`. */
const FRAME_LENGTH = 9;

/**
 * The changes in order, each as long as `maxLength` (UTF-16 units of JSON) at
 * most, if not a single Cell is longer.
 */
export const splitChanges = (
  changes: Changes,
  maxLength: number,
): Changes[] => {
  const parts: Changes[] = [];
  let part = createChanges();
  let length = FRAME_LENGTH;
  let [lastTable, lastRow]: (string | null | undefined)[] = [];

  visitChanges(changes, (tableId, rowId, cellId, atom) => {
    // With its quotes, colon, comma and braces; of a Row that goes on, less.
    const tableLength = tableId === null ? 0 : lengthOf(tableId) + 4;
    const rowLength = rowId === undefined ? 0 : lengthOf(rowId) + 4;
    const leafLength =
      (cellId === undefined ? 0 : lengthOf(cellId) + 2) + lengthOf(atom);
    const isSameTable = lastTable === tableId;
    const isSameRow = isSameTable && lastRow === rowId && tableId !== null;
    let added =
      leafLength +
      (isSameTable ? 0 : tableLength) +
      (isSameRow ? 0 : rowLength);
    if (length + added > maxLength && !isEmpty(part)) {
      parts.push(part);
      part = createChanges();
      length = FRAME_LENGTH;
      added = leafLength + tableLength + rowLength;
    }
    addChange(part, tableId, rowId, cellId, atom);
    length += added;
    [lastTable, lastRow] = [tableId, rowId];
  });
  return [...parts, part];
};
