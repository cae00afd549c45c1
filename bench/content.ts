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
