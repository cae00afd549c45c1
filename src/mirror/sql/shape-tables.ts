/** Makes tables as the catalog has them. */
import {type Kysely, sql} from 'kysely';
import type {CatalogTable} from './catalog.js';
import type {CellType} from './cell-types.js';
import type {Dialect} from './dialect.js';
import {KEY_COLUMNS, MORE_CELLS} from './extend-catalog.js';

const createTable = (
  db: Kysely<any>,
  {types, cellTypes, getRef, tableSuffix}: Dialect,
  {name, columns}: CatalogTable,
): Promise<unknown> => {
  const cells = [...columns.values()].map(
    (column) => sql`${sql.id(column.name)} ${cellTypes[column.type]}`,
  );
  return sql`create table ${getRef(name)} (${sql.join([
    ...KEY_COLUMNS.map((key) => sql`${sql.id(key)} ${types.id} not null`),
    ...cells,
    sql`${sql.id(MORE_CELLS)} ${cellTypes.json}`,
    sql`primary key (${sql.join(KEY_COLUMNS.map((key) => sql.id(key)))})`,
  ])}) ${tableSuffix}`.execute(db);
};

const addColumns = async (
  db: Kysely<any>,
  {name: dialect, cellTypes, getRef}: Dialect,
  {name, columns}: {name: string; columns: CatalogTable['columns']},
): Promise<void> => {
  const parts = [...columns.values()].map(
    (column) =>
      sql`add column ${sql.id(column.name)} ${cellTypes[column.type]}`,
  );
  // SQLite adds one at a time.
  const lists = dialect == 'sqlite' ? parts.map((part) => [part]) : [parts];
  for (const list of lists) {
    if (list.length) {
      await sql`alter table ${getRef(name)} ${sql.join(list)}`.execute(db);
    }
  }
};

/** What a column was before it became text. */
export type Widened = {name: string; from: CellType};

/**
 * Makes one table as the catalog has it, whatever is done of that already. Where
 * the database tells of no types, `widened` says which columns have become text.
 */
export const shapeTable = async (
  db: Kysely<any>,
  dialect: Dialect,
  {table, widened}: {table: CatalogTable; widened: Widened[]},
): Promise<void> => {
  const {name} = table;
  const there = await dialect.listColumns(db, name);
  if (!there.length) {
    await createTable(db, dialect, table);
    return;
  }
  if (![...KEY_COLUMNS, MORE_CELLS].every((key) => there.includes(key))) {
    throw new Error(
      `The table \`${name}\` is not as this sink has made it: drop it together ` +
        'with the other tables of this sink, or give it a `tablePrefix`.',
    );
  }
  const missing = [...table.columns].filter(
    ([, column]) => !there.includes(column.name),
  );
  await addColumns(db, dialect, {name, columns: new Map(missing)});
  const texts = new Set(
    [...table.columns.values()]
      .filter(({type}) => type == 'text')
      .map((column) => column.name),
  );
  const narrow = (await dialect.findNarrow?.(db, name)) ?? widened;
  const columns = narrow.filter((column) => texts.has(column.name));
  if (columns.length) {
    await dialect.widen(db, name, columns);
  }
};
