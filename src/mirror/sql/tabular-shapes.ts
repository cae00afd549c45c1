/** The tables that there are besides those for each Table. */
import {sql} from 'kysely';
import {getCatalogShape, getVersionShape} from './catalog.js';
import type {Dialect} from './dialect.js';
import {getRoomsShape} from './room-states.js';
import type {TableShape} from './tables.js';

export type TabularNames = {
  catalog: string;
  version: string;
  rooms: string;
  values: string;
  moreRows: string;
};

export const getTabularNames = (prefix: string): TabularNames => ({
  catalog: `${prefix}mirror_catalog`,
  version: `${prefix}mirror_version`,
  rooms: `${prefix}mirror_rooms`,
  values: `${prefix}room_values`,
  moreRows: `${prefix}more_rows`,
});

export const getTabularShapes = (
  names: TabularNames,
  {cellTypes}: Dialect,
): TableShape[] => [
  getCatalogShape(names.catalog),
  getVersionShape(names.version),
  getRoomsShape(names.rooms),
  {
    name: names.values,
    columns: {
      room: ({id}) => sql`${id} not null`,
      value_id: ({id}) => sql`${id} not null`,
      value: () => cellTypes.json,
    },
    key: ['room', 'value_id'],
  },
  {
    name: names.moreRows,
    columns: {
      room: ({id}) => sql`${id} not null`,
      table_id: ({id}) => sql`${id} not null`,
      row_id: ({id}) => sql`${id} not null`,
      more_cells: () => cellTypes.json,
    },
    key: ['room', 'table_id', 'row_id'],
  },
];
