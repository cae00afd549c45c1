/** How much there is in content, in words. */
import {type Content, visitChanges} from '../protocol/changes.js';

/** `1 Table, 2 Rows, 3 Cells, 4 Values` */
export const countContent = (content: Content): string => {
  const [tables, values] = content;
  let cells = 0;
  visitChanges(content, (tableId) => {
    cells += tableId === null ? 0 : 1;
  });
  const rows = Object.values(tables).reduce<number>(
    (sum, table) => sum + Object.keys(table as object).length,
    0,
  );
  return Object.entries({
    Table: Object.keys(tables).length,
    Row: rows,
    Cell: cells,
    Value: Object.keys(values).length,
  })
    .map(([name, count]) => `${count} ${name}${count == 1 ? '' : 's'}`)
    .join(', ');
};
