/** The documents that the sink keeps. */
import {BSON} from 'mongodb';
import {encodeChanges} from '../../protocol/decoded-changes.js';
import {escapeName} from '../escape-name.js';
import type {Batch, Commit} from '../sink.js';
import {encodeThings, joinIds} from './encode-things.js';

export type DocumentPer = 'room' | 'row';

/** What MongoDB takes in a document. */
const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;

/** Where a room is, with all of its Store or with its Values. */
export type RoomDocument = {
  _id: string;
  documentPer: DocumentPer;
  epoch?: string;
  offset?: number;
  updatedAt?: Date;
  tables?: object;
  values?: object;
  /** There while its Rows are written without a transaction. */
  writing?: string;
};

export type RowDocument = {
  _id: string;
  room: string;
  table: string;
  row: string;
  cells: object;
};

export type CommitDocument = {
  _id: string;
  room: string;
  epoch: string;
  offset: number;
  after?: number;
  time?: Date;
  author?: string;
  changes?: any[];
  /** All was replaced: what was before says nothing of this. */
  replaced?: true;
  /** The changes are longer than a document. */
  omitted?: true;
};

const isTooLong = (document: object): boolean =>
  BSON.calculateObjectSize(document) > MAX_DOCUMENT_BYTES;

export const composeRoom = (
  {room, position, time, content: [tables, values]}: Batch,
  documentPer: DocumentPer,
): RoomDocument => {
  const document: RoomDocument = {
    _id: escapeName(room),
    documentPer,
    ...position,
    updatedAt: new Date(time),
    ...(documentPer == 'room' ? {tables: encodeThings(tables, 3)} : {}),
    values: encodeThings(values, 1),
  };
  if (isTooLong(document)) {
    throw new RangeError(
      documentPer == 'room'
        ? `The room ${room} does not fit a document of MongoDB, of 16 MiB: ` +
            "say `documentPer: 'row'`."
        : `The Values of the room ${room} do not fit a document of MongoDB, of ` +
            '16 MiB: keep what is long in Cells.',
    );
  }
  return document;
};

export const composeRow = (
  room: string,
  [table, row]: [string, string],
  cells: object,
): RowDocument => {
  const document = {
    _id: joinIds(room, table, row),
    room: escapeName(room),
    table: escapeName(table),
    row: escapeName(row),
    cells: encodeThings(cells, 1),
  };
  if (isTooLong(document)) {
    throw new RangeError(
      `The Row ${row} of the Table ${table} of the room ${room} does not fit a ` +
        'document of MongoDB, of 16 MiB.',
    );
  }
  return document;
};

const composeCommit = (room: string, commit: Commit): CommitDocument => {
  const {epoch, after, offset, time, author, changes} = commit;
  const known: CommitDocument = {
    _id: joinIds(room, epoch, `${offset}`),
    room: escapeName(room),
    epoch,
    after,
    offset,
    ...(time === undefined ? {} : {time: new Date(time)}),
    ...(author === undefined ? {} : {author}),
  };
  const document = {
    ...known,
    changes: changes
      .map(encodeChanges)
      .map(([tables, values]) => [
        encodeThings(tables, 3),
        encodeThings(values, 1),
        1,
      ]),
  };
  return isTooLong(document) ? {...known, omitted: true} : document;
};

/** What the history has of a batch. */
export const composeCommits = ({
  room,
  position,
  time,
  commits,
}: Batch): CommitDocument[] =>
  commits?.map((commit) => composeCommit(room, commit)) ?? [
    {
      _id: joinIds(room, position.epoch, `${position.offset}`),
      room: escapeName(room),
      ...position,
      time: new Date(time),
      replaced: true,
    },
  ];
