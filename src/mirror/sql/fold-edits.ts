/** What others have done to rows, as changes for the room. */
import type {Cell, Changes, Content} from 'tinybase';
import {getOwn, setOwn} from '../../protocol/content.js';
import type {Catalog, Column} from './catalog.js';
import {EditedRow, type Written} from './edited-row.js';
import {MORE_CELLS} from './extend-catalog.js';
import {fromColumn, fromJson, INVALID, parseJson} from './from-column.js';
import type {Entry} from './outbox.js';
import type {TabularNames} from './tabular-shapes.js';

export type Ground = {
  content: Content;
  catalog: Catalog;
  names: TabularNames;
  /** Whether columns of JSON are captured as what they say, not as text. */
  hasJson: boolean;
};

export type FoldedEdits = {
  changes: Changes;
  /** What could not be, in words. */
  invalid: string[];
};

/** Where an entry belongs to. */
export type EntryPlace =
  | {kind: 'value'}
  | {kind: 'row'; tableId: string; columns: Map<string, [string, Column]>};

type Cells = {[column: string]: unknown};

/** Finds out to which Table an entry belongs; undefined where that is unknown. */
export const createPlaceFinder = ({
  catalog,
  names,
}: Pick<Ground, 'catalog' | 'names'>): ((
  entry: Entry,
) => EntryPlace | undefined) => {
  const places = new Map<string, EntryPlace>();
  for (const [tableId, {name, columns}] of catalog.tables) {
    const byName = new Map(
      [...columns].map(([cellId, column]) => [
        column.name,
        [cellId, column] as [string, Column],
      ]),
    );
    places.set(name, {kind: 'row', tableId, columns: byName});
  }
  return ({table, tableId}) =>
    table == names.values
      ? {kind: 'value'}
      : table == names.moreRows
        ? {kind: 'row', tableId: tableId ?? '', columns: new Map()}
        : places.get(table);
};

/** The Cells of `more_cells`; undefined where it has something else. */
const toMoreCells = (
  value: unknown,
  hasJson: boolean,
): {[id: string]: unknown} | undefined => {
  const thing = !hasJson && typeof value == 'string' ? parseJson(value) : value;
  return thing == null
    ? {}
    : typeof thing == 'object' && !Array.isArray(thing)
      ? (thing as {[id: string]: unknown})
      : undefined;
};

const isSameJson = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

/** Adds the Cells of `more_cells` that differ. */
const addMoreCells = (
  written: Written,
  [before, after]: [unknown, unknown],
  hasJson: boolean,
): boolean => {
  const cells = toMoreCells(after, hasJson);
  const old = toMoreCells(before, hasJson) ?? {};
  if (!cells) {
    return false;
  }
  for (const cellId of new Set([...Object.keys(old), ...Object.keys(cells)])) {
    const cell = getOwn(cells, cellId);
    if (!isSameJson(cell, getOwn(old, cellId))) {
      written.set(cellId, () => fromJson(cell));
    }
  }
  return true;
};

/** Undefined where it is no JSON: SQLite has infinite numbers. */
const parseCells = (json: string | null): Cells | undefined => {
  const cells = json == null ? {} : parseJson(json);
  return typeof cells == 'object' ? (cells as Cells) : undefined;
};

export const foldEdits = (entries: Entry[], ground: Ground): FoldedEdits => {
  const {content, hasJson} = ground;
  const findPlace = createPlaceFinder(ground);
  const tables = new Map<string, Map<string, EditedRow>>();
  const values = new Map<string, Cell | undefined>();
  const invalid: string[] = [];

  const getRow = (tableId: string, rowId: string): EditedRow => {
    const rows = tables.get(tableId) ?? new Map<string, EditedRow>();
    tables.set(tableId, rows);
    const base = getOwn<any>(getOwn(content[0], tableId), rowId);
    const row = rows.get(rowId) ?? new EditedRow(base);
    rows.set(rowId, row);
    return row;
  };

  const editValue = ({kind, rowId: valueId, newCells}: Entry): void => {
    const value = parseCells(newCells)?.value;
    const cell =
      kind == 'delete' || value == null
        ? undefined
        : fromJson(
            !hasJson && typeof value == 'string' ? parseJson(value) : value,
          );
    cell === INVALID
      ? invalid.push(`Value ${JSON.stringify(valueId)}`)
      : values.set(valueId, cell);
  };

  const editRow = (
    {kind, table, rowId, oldCells, newCells}: Entry,
    {tableId, columns}: EntryPlace & {kind: 'row'},
  ): void => {
    const row = getRow(tableId, rowId);
    if (kind == 'delete') {
      row.remove();
      return;
    }
    const [before, after] = [parseCells(oldCells), parseCells(newCells)];
    if (!before || !after) {
      invalid.push(`${table}, row_id ${JSON.stringify(rowId)}`);
      return;
    }
    const written: Written = new Map();
    for (const [name, value] of Object.entries(after)) {
      const [cellId, column] = columns.get(name) ?? [];
      if (column) {
        const thing =
          column.type == 'json' && !hasJson && typeof value == 'string'
            ? parseJson(value)
            : value;
        written.set(cellId!, (was) =>
          thing === INVALID ? INVALID : fromColumn(column.type, thing, was),
        );
      }
    }
    const more: [unknown, unknown] = [before[MORE_CELLS], after[MORE_CELLS]];
    const where = `${table}, row_id ${JSON.stringify(rowId)}`;
    if (MORE_CELLS in after && !addMoreCells(written, more, hasJson)) {
      invalid.push(`${MORE_CELLS} in ${where}`);
    }
    const cells = kind == 'insert' ? row.insert(written) : row.update(written);
    cells.forEach((id) =>
      invalid.push(`Cell ${JSON.stringify(id)} in ${where}`),
    );
  };

  for (const entry of entries) {
    const place = findPlace(entry);
    if (place?.kind == 'row') {
      editRow(entry, place);
    } else if (place) {
      editValue(entry);
    }
  }

  const changes: Changes = [{}, {}, 1];
  for (const [tableId, rows] of tables) {
    const table = {};
    for (const [rowId, row] of rows) {
      const change = row.getChange();
      const isThere = Object.hasOwn(getOwn(content[0], tableId) ?? {}, rowId);
      if (change ? Object.keys(change).length : isThere) {
        setOwn<any>(table, rowId, change);
      }
    }
    if (Object.keys(table).length) {
      setOwn<any>(changes[0], tableId, table);
    }
  }
  for (const [valueId, value] of values) {
    if (value !== undefined || Object.hasOwn(content[1], valueId)) {
      setOwn<any>(changes[1], valueId, value);
    }
  }
  return {changes, invalid};
};
