/**
 * A commit as others than clients are told of it: in a room's live feed and in
 * its history. docs/feeds.md describes it; a webhook's commits have its shape.
 */
import type {DeltaList} from './delta.js';

/** A commit, or several that are told as one. */
export type TellableCommit = {
  epoch: string;
  /** The offset before. */
  after: number;
  offset: number;
  /** In milliseconds since 1970; of several told as one there is none. */
  time?: number | undefined;
  /** Whose doing it was, where the room notes that; of several there is none. */
  author?: string | undefined;
  list: DeltaList;
};

/** The JSON of a commit, in one line. */
export const encodeCommitEvent = ({
  epoch,
  after,
  offset,
  time,
  author,
  list,
}: TellableCommit): string =>
  JSON.stringify({epoch, after, offset, time, author, changes: list});
