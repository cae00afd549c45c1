/** Triggers of MySQL name each column: they are made anew when columns come. */
import {sql} from 'kysely';
import {MYSQL_FLAG} from './as-mirror.js';
import type {Capture, Captured, CaptureNames} from './capture.js';

const quote = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

export const createMysqlCapture = (collation: string): Capture => {
  // Whatever the session takes a backslash for, and compares text by.
  const literal = (text: string): string =>
    text == ''
      ? `_utf8mb4'' collate ${collation}`
      : `_utf8mb4 0x${Buffer.from(text).toString('hex')} collate ${collation}`;
  const toText = (value: string): string =>
    `cast(${value} as char character set utf8mb4) collate ${collation}`;

  /** A column as JSON: all as strings, whatever type it has or comes to have. */
  const toMember = (row: string, column: string): string => {
    const value = `${row}.${quote(column)}`;
    const key = literal(`,${JSON.stringify(column)}:`);
    return `concat(${key}, coalesce(json_quote(${toText(value)}), ${literal('null')}))`;
  };

  const toJson = (
    columns: string[],
    row: 'old' | 'new',
    isDiff: boolean,
  ): string => {
    const members = columns.map((column) =>
      isDiff
        ? `if(old.${quote(column)} <=> new.${quote(column)}, ${literal('')}, ${toMember(row, column)})`
        : toMember(row, column),
    );
    return `concat(${literal('{')}, substr(concat(${[literal(''), ...members].join(', ')}), 2), ${literal('}')})`;
  };

  const insert = (
    {name, idColumn, tableIdColumn}: Captured,
    {outbox}: CaptureNames,
    {row, kind, cells}: {row: string; kind: string; cells: [string, string]},
  ): string => `insert into ${quote(outbox)}
    (room, sql_table, table_id, row_id, kind, old_cells, new_cells) values
    (${row}.room, ${literal(name)},
      ${tableIdColumn ? `${row}.${quote(tableIdColumn)}` : 'null'},
      ${row}.${quote(idColumn)}, '${kind}', ${cells.join(', ')});`;

  // Text that is too long for a packet is null, with no more than a warning.
  const refuse = `if n is null or o is null then
    signal sqlstate '45000' set message_text = 'The row is too long for tinybase-partykit: raise max_allowed_packet.';
  end if;`;

  const wrap = (
    table: Captured,
    event: string,
    body: string,
  ): ((name: string) => string) => {
    return (name) => `create trigger ${quote(name)} after ${event}
      on ${quote(table.name)} for each row
      begin
        declare o longtext character set utf8mb4 collate ${collation} default '';
        declare n longtext character set utf8mb4 collate ${collation} default '';
        if ${MYSQL_FLAG} is null then ${body} end if;
      end`;
  };

  return {
    createTriggers: (table, names) => {
      const {columns, idColumn, tableIdColumn} = table;
      const keys = [
        'room',
        idColumn,
        ...(tableIdColumn ? [tableIdColumn] : []),
      ];
      const isSameRow = keys
        .map((key) => `old.${quote(key)} <=> new.${quote(key)}`)
        .join(' and ');
      const remove = insert(table, names, {
        row: 'old',
        kind: 'delete',
        cells: ['null', 'null'],
      });
      const add = `set n = ${toJson(columns, 'new', false)};
        ${refuse}
        ${insert(table, names, {row: 'new', kind: 'insert', cells: ['null', 'n']})}`;
      const change = `set o = ${toJson(columns, 'old', true)};
        set n = ${toJson(columns, 'new', true)};
        ${refuse}
        if n <> ${literal('{}')} then
          ${insert(table, names, {row: 'new', kind: 'update', cells: ['o', 'n']})}
        end if;`;
      return [
        {event: 'insert', create: wrap(table, 'insert', add)},
        {event: 'delete', create: wrap(table, 'delete', remove)},
        {
          event: 'update',
          create: wrap(
            table,
            'update',
            `if ${isSameRow} then ${change} else ${remove} ${add} end if;`,
          ),
        },
      ];
    },
    listTriggers: async (db) => {
      const {rows} = await sql<{name: string}>`
        select trigger_name as name from information_schema.triggers
        where trigger_schema = database()`.execute(db);
      return rows.map(({name}) => name);
    },
    dropTrigger: (name) => `drop trigger if exists ${quote(name)}`,
  };
};
