/** Changes as JSON, in the encoding that both halves take. */

const DELETED = '\uFFFC';

/** Sets one Cell to the token. */
export const changeCell = (rowId: string, token: string): string =>
  `[{"t":{"${rowId}":{"c":"${token}"}}},{},1]`;

/** Sets the note of a Row of the content. */
export const changeNote = (rowId: string, text: string): string =>
  `[{"items":{"${rowId}":{"note":"${text}"}}},{},1]`;

/** Sets one Cell of each of a number of Rows of the content. */
export const changeRows = (count: number, token: string): string => {
  const rows = Array.from({length: count}, (_, row) => [
    `row${row}`,
    {done: token},
  ]);
  return JSON.stringify([{items: Object.fromEntries(rows)}, {}, 1]);
};

/** Deletes a Row of the content. */
export const deleteRow = (rowId: string): string =>
  `[{"items":{"${rowId}":"${DELETED}"}},{},1]`;

/** Deletes all Rows of the content. */
export const DELETE_TABLE = `[{"items":"${DELETED}"},{},1]`;
