/** What others are told of a batch: entries of the Stream, and a message. */
import {encodeChanges} from '../../protocol/decoded-changes.js';
import type {Batch, Commit} from '../sink.js';
import type {GuardedWrite} from './guarded-write.js';
import type {RoomKeys} from './keys.js';

/** A longer message comes without its commits: subscribers are cut off soon. */
const MAX_MESSAGE_LENGTH = 1_000_000;

/** A message of the channel of a room, as JSON. */
export type RedisMessage = {
  room: string;
  epoch: string;
  offset: number;
  /** When the room came to there: milliseconds since 1970. */
  time: number;
  /** Missing where all was replaced. */
  after?: number;
  /**
   * As in the room's history, see `decodeChanges`. Missing where all was
   * replaced, and where they are longer than 1,000,000 characters.
   */
  commits?: unknown[];
};

const encodeCommit = (commit: Commit): object => ({
  ...commit,
  changes: commit.changes.map(encodeChanges),
});

/** Fields and values, of those that there are. */
const toFields = (entry: {
  [field: string]: string | number | undefined;
}): string[] =>
  Object.entries(entry).flatMap(([field, value]) =>
    value === undefined ? [] : [field, `${value}`],
  );

const toEntry = (commit: Commit): string[] =>
  toFields({
    ...commit,
    changes: JSON.stringify(commit.changes.map(encodeChanges)),
  });

/** Adds each commit to the Stream, or that all was replaced. */
export const addCommits = (
  write: GuardedWrite,
  {commits, position, time}: Batch,
  {keys, maxLength}: {keys: RoomKeys; maxLength: number},
): void => {
  const entries = commits?.map(toEntry) ?? [
    toFields({...position, time, replaced: 1}),
  ];
  for (const entry of entries) {
    write.add(
      'XADD',
      [keys.commits, 'stream'],
      ['MAXLEN', '~', `${maxLength}`, '*', ...entry],
    );
  }
};

/** Publishes where the room is now, and by which commits it came there. */
export const publishBatch = (
  write: GuardedWrite,
  {room, after, position, time, commits}: Batch,
  {channel}: RoomKeys,
): void => {
  const message: RedisMessage = {room, ...position, time};
  if (after && commits) {
    message.after = after.offset;
  }
  const long = JSON.stringify({
    ...message,
    commits: commits?.map(encodeCommit),
  });
  write.publish(
    channel,
    long.length > MAX_MESSAGE_LENGTH ? JSON.stringify(message) : long,
  );
};
