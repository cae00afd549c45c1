/** The documents of the commits of a room. */
import type {ClientSession} from 'mongodb';
import {escapeName} from '../escape-name.js';
import type {Batch} from '../sink.js';
import type {Collections} from './collections.js';
import {composeCommits} from './documents.js';

const COMMITS_AT_ONCE = 1_000;

/** Writes what the history has of a batch. It may be done again. */
export const keepCommits = async (
  {commits}: Collections,
  batch: Batch,
  session?: ClientSession,
): Promise<void> => {
  const {room, after} = batch;
  if (!session && after && batch.commits) {
    // What a crash has left of a batch may be other commits than this has.
    const {epoch, offset} = after;
    const left = {room: escapeName(room), epoch, offset: {$gt: offset}};
    await commits.deleteMany(left);
  }
  const documents = composeCommits(batch);
  for (let at = 0; at < documents.length; at += COMMITS_AT_ONCE) {
    await commits.bulkWrite(
      documents
        .slice(at, at + COMMITS_AT_ONCE)
        .map(({_id, ...replacement}) => ({
          replaceOne: {filter: {_id}, replacement, upsert: true},
        })),
      {session, ordered: false},
    );
  }
};
