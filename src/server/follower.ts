/** Who is told of commits, beside those connected. */
import type {DeltaList} from '../protocol/delta.js';
import type {Position} from './room-state.js';

export type Follower = {
  /** The room wakes, and finds where it stands; its first turn waits for this. */
  onOpen?(opened: Promise<Position>): Promise<void>;
  /**
   * A commit is about to be stored, after this position: what is written to
   * storage at once is there when the commit is. It must not throw.
   */
  onStore?(position: Position): void;
  /** One has become durable. It must not throw, and nothing waits for it. */
  onCommit(commit: FollowedCommit): void;
  /** The room starts anew from storage: what it has told counts all the same. */
  onReset?(): void;
};

export type FollowedCommit = {
  epoch: string;
  offset: number;
  /**
   * The offset before. It is 0 where this is the room's first content, and at the
   * first commit after content of TinyBase's was taken over.
   */
  after: number;
  /** What has changed; empty where it only refuses. */
  list: DeltaList;
  /** In milliseconds since 1970, by the room's clock. */
  time: number;
  /** Whose doing it was, where the room notes that. */
  author: string | undefined;
};
