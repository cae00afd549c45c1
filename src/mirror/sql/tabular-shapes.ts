/** The tables that there are besides those for each Table. */
import {sql} from 'kysely';
import type {Captured} from './capture.js';
import {getCatalogShape, getVersionShape} from './catalog.js';
import type {Dialect} from './dialect.js';
import {MORE_CELLS} from './extend-catalog.js';
import {getOutboxShape} from './outbox.js';
import {getPushesShape} from './pushes.js';
import {getRoomsShape} from './room-states.js';
import type {TableShape} from './tables.js';

export type TabularNames = {
  catalog: string;
  version: string;
  rooms: string;
  values: string;
  moreRows: string;
  /** Where SQLite has a row as long as a mirror writes. */
  writer: string;
  outbox: string;
  pushes: string;
  /** A function of PostgreSQL. */
  capture: string;
};

export const getTabularNames = (prefix: string): TabularNames => ({
  catalog: `${prefix}mirror_catalog`,
  version: `${prefix}mirror_version`,
  rooms: `${prefix}mirror_rooms`,
  values: `${prefix}room_values`,
  moreRows: `${prefix}more_rows`,
  writer: `${prefix}mirror_writer`,
  outbox: `${prefix}mirror_outbox`,
  pushes: `${prefix}mirror_pushes`,
  capture: `${prefix}mirror_capture`,
});

export const getTabularShapes = (
  names: TabularNames,
  dialect: Dialect,
  isTwoWay: boolean,
): TableShape[] => [
  getCatalogShape(names.catalog),
  getVersionShape(names.version),
  getRoomsShape(names.rooms),
  {
    name: names.writer,
    columns: {id: ({integer}) => sql`${integer} not null`},
    key: ['id'],
  },
  {
    name: names.values,
    columns: {
      room: ({id}) => sql`${id} not null`,
      value_id: ({id}) => sql`${id} not null`,
      value: () => dialect.cellTypes.json,
    },
    key: ['room', 'value_id'],
  },
  {
    name: names.moreRows,
    columns: {
      room: ({id}) => sql`${id} not null`,
      table_id: ({id}) => sql`${id} not null`,
      row_id: ({id}) => sql`${id} not null`,
      more_cells: () => dialect.cellTypes.json,
    },
    key: ['room', 'table_id', 'row_id'],
  },
  ...(isTwoWay
    ? [getOutboxShape(names.outbox, dialect), getPushesShape(names.pushes)]
    : []),
];

/** Tables that take edits, besides those for each Table. */
export const getCapturedShapes = ({
  values,
  moreRows,
}: TabularNames): Captured[] => [
  {name: values, idColumn: 'value_id', columns: ['value']},
  {
    name: moreRows,
    idColumn: 'row_id',
    tableIdColumn: 'table_id',
    columns: [MORE_CELLS],
  },
];
