/** Content as an app has it: rows of ten Cells. */
const CELLS_A_ROW = 10;

export const createContent = (cells: number): string => {
  const table: {[rowId: string]: object} = {};
  for (let row = 0; row < cells / CELLS_A_ROW; row++) {
    table[`row${row}`] = {
      title: `Item ${row}`,
      note: `What there is to say about item ${row}`,
      done: row % 3 == 0,
      price: row / 4,
      count: row,
      by: `user${row % 50}`,
      at: 1_700_000_000_000 + row,
      color: ['red', 'green', 'blue'][row % 3],
      x: row % 1_000,
      y: row % 777,
    };
  }
  return JSON.stringify([{items: table}, {version: 1}]);
};

/** As many as fit a frame of 256,000 units. */
const ROWS_A_PUSH = 800;

/** What each Cell begins with that `createPushes` changes. */
export const CHANGED = 'now ';

/**
 * Changes of all Cells of the content, in pushes. A Cell that is set to what it
 * is already would be no change, and not in the log.
 */
export const createPushes = (cells: number): string[] => {
  const [{items}] = JSON.parse(createContent(cells));
  const rows = Object.entries<object>(items).map(([rowId, row]) => [
    rowId,
    Object.fromEntries(
      Object.entries(row).map(([cellId, cell]) => [cellId, CHANGED + cell]),
    ),
  ]);
  const pushes: string[] = [];
  for (let start = 0; start < rows.length; start += ROWS_A_PUSH) {
    const changed = rows.slice(start, start + ROWS_A_PUSH);
    pushes.push(JSON.stringify([{items: Object.fromEntries(changed)}, {}, 1]));
  }
  return pushes;
};
