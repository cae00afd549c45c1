/** The documents of the Rows of a room. */
import type {AnyBulkWriteOperation, ClientSession, Filter} from 'mongodb';
import type {Content} from 'tinybase';
import {getOwn, setOwn} from '../../protocol/content.js';
import {escapeName, unescapeName} from '../escape-name.js';
import type {Batch} from '../sink.js';
import {getTouched} from '../touched.js';
import type {Collections} from './collections.js';
import {composeRow, type RowDocument} from './documents.js';
import {decodeThings, joinIds} from './encode-things.js';

const WRITES_AT_ONCE = 1_000;

type Write = AnyBulkWriteOperation<RowDocument>;

const setRow = (document: RowDocument): Write => {
  const {_id, ...replacement} = document;
  return {replaceOne: {filter: {_id}, replacement, upsert: true}};
};

/** Sets all Rows of these Tables, and deletes others that the filter finds. */
const replaceRows = async (
  {rows}: Collections,
  [filter, documents]: [Filter<RowDocument>, RowDocument[]],
  session: ClientSession | undefined,
): Promise<Write[]> => {
  const gone = new Set<string>();
  const found = rows.find(filter, {session, projection: {_id: 1}});
  for await (const {_id} of found) {
    gone.add(_id);
  }
  documents.forEach(({_id}) => gone.delete(_id));
  return [
    ...documents.map(setRow),
    ...[...gone].map((_id): Write => ({deleteOne: {filter: {_id}}})),
  ];
};

const composeTable = (
  {room, content: [tables]}: Batch,
  tableId: string,
): RowDocument[] =>
  Object.entries(getOwn(tables, tableId) ?? {}).map(([rowId, row]) =>
    composeRow(room, [tableId, rowId], row),
  );

const composeWrites = async (
  collections: Collections,
  batch: Batch,
  session: ClientSession | undefined,
): Promise<Write[]> => {
  const [tables] = batch.content;
  const room = escapeName(batch.room);
  const touched = getTouched(batch);
  if (!touched) {
    const documents = Object.keys(tables).flatMap((id) =>
      composeTable(batch, id),
    );
    return await replaceRows(collections, [{room}, documents], session);
  }
  const writes: Write[][] = [];
  for (const [tableId, rowIds] of touched.tables) {
    if (rowIds == 'all') {
      const filter = {room, table: escapeName(tableId)};
      const documents = composeTable(batch, tableId);
      writes.push(await replaceRows(collections, [filter, documents], session));
      continue;
    }
    const table = getOwn(tables, tableId);
    writes.push(
      [...rowIds].map((rowId) => {
        const row = getOwn(table, rowId);
        const _id = joinIds(batch.room, tableId, rowId);
        return row
          ? setRow(composeRow(batch.room, [tableId, rowId], row))
          : {deleteOne: {filter: {_id}}};
      }),
    );
  }
  return writes.flat();
};

/** Writes the Rows that a batch may have changed. It may be done again. */
export const keepRows = async (
  collections: Collections,
  batch: Batch,
  session?: ClientSession,
): Promise<void> => {
  const writes = await composeWrites(collections, batch, session);
  for (let at = 0; at < writes.length; at += WRITES_AT_ONCE) {
    await collections.rows.bulkWrite(writes.slice(at, at + WRITES_AT_ONCE), {
      session,
      ordered: false,
    });
  }
};

export const readRows = async (
  {rows}: Collections,
  room: string,
  session?: ClientSession,
): Promise<Content[0]> => {
  const tables: Content[0] = {};
  for await (const document of rows.find({room: escapeName(room)}, {session})) {
    const tableId = unescapeName(document.table);
    const table = getOwn(tables, tableId) ?? setOwn(tables, tableId, {});
    setOwn(table, unescapeName(document.row), decodeThings(document.cells, 1));
  }
  return tables;
};
