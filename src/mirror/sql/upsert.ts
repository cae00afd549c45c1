/** Writes rows, many at a time. */
import {type Kysely, sql} from 'kysely';
import {cut} from './cut.js';
import type {Dialect, Sql} from './dialect.js';

const MAX_ROWS = 500;

/** Of a row, in the order of the columns: those of the key first. */
export type Parameters = unknown[];

const getLength = (parameters: Parameters): number => {
  let length = 0;
  for (const parameter of parameters) {
    length += typeof parameter == 'string' ? parameter.length : 10;
  }
  return length;
};

/** Inserts rows, in place of those that have the same key. */
export const upsert = async (
  trx: Kysely<any>,
  {getRef, maxParameters, orUpdate}: Dialect,
  {
    name,
    key,
    columns,
    rows,
  }: {
    name: string;
    key: string[];
    columns: string[];
    rows: Iterable<Parameters>;
  },
): Promise<void> => {
  const all = [...key, ...columns];
  const maxRows = Math.min(MAX_ROWS, Math.floor(maxParameters / all.length));
  const into = sql.join(all.map((column) => sql.id(column)));
  for (const part of cut(rows, maxRows, getLength)) {
    const values = part.map((parameters) => sql`(${sql.join(parameters)})`);
    await sql`insert into ${getRef(name)} (${into})
      values ${sql.join(values)} ${orUpdate(key, columns)}`.execute(trx);
  }
};

/** Deletes, of what `where` says, what has one of the ids. */
export const deleteIds = async (
  trx: Kysely<any>,
  {getRef}: Dialect,
  {
    name,
    column,
    ids,
    where,
  }: {name: string; column: string; ids: string[]; where: Sql},
): Promise<void> => {
  for (const part of cut(ids, MAX_ROWS, (id) => id.length)) {
    await sql`delete from ${getRef(name)}
      where ${where} and ${sql.id(column)} in (${sql.join(part)})`.execute(trx);
  }
};

/** Some things of a room, such as the Rows of a Table. */
export type Things = {
  name: string;
  /** What the rows have in common: the first columns of the key. */
  common: {[column: string]: string};
  /** The last column of the key. */
  idColumn: string;
  columns: string[];
  toParameters: (id: string) => Parameters;
};

/** Writes those that are there in the content, and deletes the others. */
export const writeThings = async (
  trx: Kysely<any>,
  dialect: Dialect,
  {
    ids,
    isThere,
    isAll,
    ...things
  }: Things & {
    ids: string[];
    isThere: (id: string) => boolean;
    /** Whether there are no others than these. */
    isAll: boolean;
  },
): Promise<void> => {
  const {name, common, idColumn, columns, toParameters} = things;
  const where = sql.join(
    Object.entries(common).map(
      ([column, id]) => sql`${sql.id(column)} = ${id}`,
    ),
    sql` and `,
  );
  if (isAll) {
    await sql`delete from ${dialect.getRef(name)} where ${where}`.execute(trx);
  } else {
    const gone = ids.filter((id) => !isThere(id));
    await deleteIds(trx, dialect, {name, column: idColumn, ids: gone, where});
  }
  const commonIds = Object.values(common);
  await upsert(trx, dialect, {
    name,
    key: [...Object.keys(common), idColumn],
    columns,
    rows: (function* () {
      for (const id of ids) {
        if (isThere(id)) {
          yield [...commonIds, id, ...toParameters(id)];
        }
      }
    })(),
  });
};
