/** What a batch changes about the content that Redis has. */
import type {Content} from 'tinybase';
import {getOwn} from '../../protocol/content.js';
import {escapeName} from '../escape-name.js';
import type {Batch} from '../sink.js';
import {getTouched} from '../touched.js';
import type {GuardedWrite, KeyType} from './guarded-write.js';
import type {RoomKeys} from './keys.js';

type Key = [string, KeyType];

/** Fields and values of a hash, one after the other. */
const toFields = (things: object): string[] =>
  Object.entries(things).flatMap(([id, thing]) => [
    escapeName(id),
    JSON.stringify(thing),
  ]);

/** One string for all. */
export const keepJson = (
  write: GuardedWrite,
  {content}: Batch,
  keys: RoomKeys,
): void => {
  let json: string;
  try {
    json = JSON.stringify(content);
  } catch (cause) {
    throw new RangeError(
      `${keys.content} is too long for a string: say \`contentAs: 'hashes'\`.`,
      {cause},
    );
  }
  write.add('SET', [keys.content, 'string'], [json]);
};

/** Drops all that there is, in whichever form. */
export const dropContent = (
  write: GuardedWrite,
  keys: RoomKeys,
  tableKeys: string[],
): void => {
  const dropped: Key[] = [
    [keys.content, 'string'],
    [keys.values, 'hash'],
    [keys.tables, 'set'],
    ...tableKeys.map((key): Key => [key, 'hash']),
  ];
  dropped.forEach((key) => write.add('DEL', key, []));
};

const keepTable = (
  write: GuardedWrite,
  keys: RoomKeys,
  {tableId, rowIds, tables}: TableChange,
): void => {
  const key: Key = [keys.getTable(tableId), 'hash'];
  const names: Key = [keys.tables, 'set'];
  const table = getOwn(tables, tableId);
  if (!table) {
    write.add('DEL', key, []);
    write.add('SREM', names, [escapeName(tableId)]);
    return;
  }
  if (rowIds == 'all') {
    write.add('DEL', key, []);
    write.addAll('HSET', key, {args: toFields(table), group: 2});
  } else {
    const gone = [...rowIds].filter((rowId) => !Object.hasOwn(table, rowId));
    const there = [...rowIds].flatMap((rowId) => {
      const row = getOwn(table, rowId);
      return row ? [escapeName(rowId), JSON.stringify(row)] : [];
    });
    write.addAll('HDEL', key, {args: gone.map((id) => escapeName(id))});
    write.addAll('HSET', key, {args: there, group: 2});
  }
  write.add('SADD', names, [escapeName(tableId)]);
};

type TableChange = {
  tableId: string;
  rowIds: Set<string> | 'all';
  tables: Content[0];
};

/** A hash for each Table, and one for the Values. */
export const keepHashes = (
  write: GuardedWrite,
  batch: Batch,
  keys: RoomKeys,
): void => {
  const [tables, values] = batch.content;
  const touched = getTouched(batch);
  const tableIds = touched?.tables ?? new Map<string, 'all'>();
  if (!touched) {
    Object.keys(tables).forEach((tableId) => tableIds.set(tableId, 'all'));
  }
  for (const [tableId, rowIds] of tableIds) {
    keepTable(write, keys, {tableId, rowIds, tables});
  }
  const valueIds = [...(touched?.valueIds ?? Object.keys(values))];
  const key: Key = [keys.values, 'hash'];
  write.addAll('HDEL', key, {
    args: valueIds
      .filter((id) => !Object.hasOwn(values, id))
      .map((id) => escapeName(id)),
  });
  write.addAll('HSET', key, {
    args: valueIds.flatMap((id) =>
      Object.hasOwn(values, id)
        ? [escapeName(id), JSON.stringify(getOwn<any>(values, id))]
        : [],
    ),
    group: 2,
  });
};
