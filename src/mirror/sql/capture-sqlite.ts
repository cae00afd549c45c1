/** Triggers of SQLite name each column: they are made anew when columns come. */
import {sql} from 'kysely';
import type {Capture, Captured, CaptureNames} from './capture.js';

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A value as JSON. Older versions would write a number with 15 digits. */
const toJsonValue = (value: string): string => `case typeof(${value})
  when 'null' then 'null'
  when 'integer' then cast(${value} as text)
  when 'real' then printf('%!.17g', ${value})
  when 'text' then json_quote(${value})
  else '{"invalid":true}' end`;

const toMember = (row: string, column: string): string =>
  `${literal(`,${JSON.stringify(column)}:`)} || ${toJsonValue(`${row}.${quote(column)}`)}`;

const toJson = (
  columns: string[],
  row: 'old' | 'new',
  isDiff: boolean,
): string => {
  const members = columns.map((column) =>
    isDiff
      ? `iif(old.${quote(column)} is new.${quote(column)}, '', ${toMember(row, column)})`
      : `(${toMember(row, column)})`,
  );
  return `'{' || substr(${["''", ...members].join(' || ')}, 2) || '}'`;
};

const insert = (
  {name, idColumn, tableIdColumn}: Captured,
  {outbox}: CaptureNames,
  {row, kind, cells}: {row: string; kind: string; cells: [string, string]},
): string => `insert into ${quote(outbox)}
  (room, sql_table, table_id, row_id, kind, old_cells, new_cells)
  select ${row}.room, ${literal(name)},
    ${tableIdColumn ? `${row}.${quote(tableIdColumn)}` : 'null'},
    ${row}.${quote(idColumn)}, '${kind}', ${cells.join(', ')}`;

export const SQLITE_CAPTURE: Capture = {
  createTriggers: (table, names) => {
    const {columns, idColumn, tableIdColumn} = table;
    const keys = ['room', idColumn, ...(tableIdColumn ? [tableIdColumn] : [])];
    const isSameRow = keys
      .map((key) => `old.${quote(key)} is new.${quote(key)}`)
      .join(' and ');
    const isDifferent = columns
      .map((column) => `old.${quote(column)} is not new.${quote(column)}`)
      .join(' or ');
    const remove = insert(table, names, {
      row: 'old',
      kind: 'delete',
      cells: ['null', 'null'],
    });
    const add = insert(table, names, {
      row: 'new',
      kind: 'insert',
      cells: ['null', toJson(columns, 'new', false)],
    });
    const change = insert(table, names, {
      row: 'new',
      kind: 'update',
      cells: [toJson(columns, 'old', true), toJson(columns, 'new', true)],
    });
    const wrap =
      (event: string, body: string) =>
      (name: string): string =>
        `create trigger main.${quote(name)} after ${event}
        on ${quote(table.name)} for each row
        when not exists (select 1 from ${quote(names.writer)})
        begin ${body} end`;
    return [
      {event: 'insert', create: wrap('insert', `${add};`)},
      {event: 'delete', create: wrap('delete', `${remove};`)},
      {
        event: 'update',
        create: wrap(
          'update',
          `${remove} where not (${isSameRow});
          ${add} where not (${isSameRow});
          ${change} where ${isSameRow} and (${isDifferent});`,
        ),
      },
    ];
  },
  listTriggers: async (db) => {
    const {rows} = await sql<{name: string}>`
      select name from main.sqlite_schema
      where type = 'trigger'`.execute(db);
    return rows.map(({name}) => name);
  },
  dropTrigger: (name) => `drop trigger main.${quote(name)}`,
};
