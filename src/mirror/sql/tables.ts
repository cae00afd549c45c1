/** Makes this sink's own tables, and keeps away from those of others. */
import {type Kysely, sql} from 'kysely';
import type {Dialect, Sql} from './dialect.js';

/** A table of this sink: its columns, in order, and which are its key. */
export type TableShape = {
  name: string;
  columns: {[name: string]: (types: Dialect['types']) => Sql};
  key: string[];
  /** Columns by which it is looked through. */
  index?: string[];
};

const toNames = (columns: string[]): Sql =>
  sql.join(columns.map((column) => sql.id(column)));

const createTable = async (
  db: Kysely<any>,
  {name: dialect, types, getRef, tableSuffix}: Dialect,
  {name, columns, key, index}: TableShape,
): Promise<void> => {
  const parts = Object.entries(columns).map(
    ([column, getType]) => sql`${sql.id(column)} ${getType(types)}`,
  );
  parts.push(sql`primary key (${toNames(key)})`);
  // MySQL makes no index that may be there already, save with its table.
  if (index && dialect == 'mysql') {
    parts.push(sql`key (${toNames(index)})`);
  }
  await sql`create table if not exists ${getRef(name)} (${sql.join(parts)})
    ${tableSuffix}`.execute(db);
  if (index && dialect != 'mysql') {
    const indexName = `${name}_index`;
    // PostgreSQL has an index where its table is, and says so by no schema.
    const [ref, on] =
      dialect == 'sqlite'
        ? [getRef(indexName), sql.id(name)]
        : [sql.id(indexName), getRef(name)];
    await sql`create index if not exists ${ref}
      on ${on} (${toNames(index)})`.execute(db);
  }
};

/** Throws where the table is there, but of somebody else. */
const checkTable = async (
  db: Kysely<any>,
  dialect: Dialect,
  {name, columns}: TableShape,
): Promise<void> => {
  const there = await dialect.listColumns(db, name);
  const missing = Object.keys(columns).filter(
    (column) => !there.includes(column),
  );
  if (there.length && missing.length) {
    throw new Error(
      `The table \`${name}\` is there already, and not of this sink (it has no ` +
        `\`${missing[0]}\`): give the sink a \`tablePrefix\`.`,
    );
  }
};

/** Makes those that are missing; two mirrors may do so at a time. */
export const createTables = (
  db: Kysely<any>,
  dialect: Dialect,
  shapes: TableShape[],
): Promise<void> =>
  dialect.runAlone(db, 'tables', async (alone) => {
    for (const shape of shapes) {
      await checkTable(alone, dialect, shape);
      await createTable(alone, dialect, shape);
      await checkTable(alone, dialect, shape);
    }
  });
