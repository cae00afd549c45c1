/** The document of a room: read, marked and moved on, each in one operation. */
import type {ClientSession, Filter} from 'mongodb';
import {escapeName} from '../escape-name.js';
import type {Position} from '../sink.js';
import {type Collections, isDuplicateKey} from './collections.js';
import type {DocumentPer, RoomDocument} from './documents.js';

/** Those that are known: whole, and in the form that the sink keeps. */
export const filterKnown = (
  documentPer: DocumentPer,
): Filter<RoomDocument> => ({documentPer, writing: {$exists: false}});

const filterUnknown = (
  _id: string,
  documentPer: DocumentPer,
): Filter<RoomDocument> => ({
  _id,
  $or: [{documentPer: {$ne: documentPer}}, {writing: {$exists: true}}],
});

export const toPosition = (
  document: RoomDocument | null,
  documentPer: DocumentPer,
): Position | undefined =>
  document?.documentPer == documentPer &&
  document.writing === undefined &&
  document.epoch !== undefined &&
  document.offset !== undefined
    ? {epoch: document.epoch, offset: document.offset}
    : undefined;

export const findRoom = (
  {rooms}: Collections,
  room: string,
  session?: ClientSession,
): Promise<RoomDocument | null> =>
  rooms.findOne({_id: escapeName(room)}, {session});

/**
 * Puts a document in the place of the one at `after`, or of none that is known.
 * False where the room is not there.
 */
export const moveRoom = async (
  {rooms}: Collections,
  document: RoomDocument,
  {after, session}: {after: Position | undefined; session?: ClientSession},
): Promise<boolean> => {
  const {_id, ...rest} = document;
  const {documentPer} = rest;
  const {matchedCount} = await rooms.replaceOne(
    after
      ? {_id, ...filterKnown(documentPer), ...after}
      : filterUnknown(_id, documentPer),
    rest,
    {session},
  );
  if (matchedCount || after) {
    return matchedCount > 0;
  }
  try {
    await rooms.insertOne(document, {session});
    return true;
  } catch (error) {
    if (isDuplicateKey(error)) {
      return false;
    }
    throw error;
  }
};

/** Says that its Rows are being written: until they are, it is not known. */
export const markRoom = async (
  collections: Collections,
  {_id, documentPer}: RoomDocument,
  {after, writing}: {after: Position | undefined; writing: string},
): Promise<boolean> =>
  await moveRoom(collections, {_id, documentPer, writing}, {after});

/** The Rows are written: false where somebody else has begun to write them. */
export const finishRoom = async (
  {rooms}: Collections,
  {_id, ...rest}: RoomDocument,
  writing: string,
): Promise<boolean> => {
  const {matchedCount} = await rooms.replaceOne({_id, writing}, rest);
  return matchedCount > 0;
};
