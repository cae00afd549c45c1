/** What others are told of a batch: entries of the Stream, and a message. */
import type {EncodedCommit} from '../encode-commit.js';
import type {Batch} from '../sink.js';
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

/** What there is to tell, encoded once for all who are told. */
export type News = Pick<Batch, 'room' | 'after' | 'position' | 'time'> & {
  /** Undefined where all was replaced. */
  commits: EncodedCommit[] | undefined;
};

/** Fields and values, of those that there are. */
const toFields = (entry: {
  [field: string]: string | number | undefined;
}): string[] =>
  Object.entries(entry).flatMap(([field, value]) =>
    value === undefined ? [] : [field, `${value}`],
  );

const toEntry = (commit: EncodedCommit): string[] =>
  toFields({...commit, changes: JSON.stringify(commit.changes)});

/** Adds each commit to the Stream, or that all was replaced. */
export const addCommits = (
  write: GuardedWrite,
  {commits, position, time}: News,
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
export const publishNews = (
  write: GuardedWrite,
  {room, after, position, time, commits}: News,
  {channel}: RoomKeys,
): void => {
  const message: RedisMessage = {room, ...position, time};
  if (after && commits) {
    message.after = after.offset;
  }
  const long = JSON.stringify({...message, commits});
  write.publish(
    channel,
    long.length > MAX_MESSAGE_LENGTH ? JSON.stringify(message) : long,
  );
};
