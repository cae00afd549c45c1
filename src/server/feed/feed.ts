/** A room's live feed: who reads it, and what they are told. */
import {FEED_KEEP_ALIVE_MS} from '../../protocol/limits.js';
import type {FollowedCommit, Follower} from '../follower.js';
import type {Room} from '../room.js';
import {
  encodeCommit,
  encodeContent,
  encodeFirstContent,
  KEEP_ALIVE,
  RETRY,
} from './event-stream.js';
import {FeedReader} from './feed-reader.js';
import type {Place} from '../../protocol/place.js';

export class Feed implements Follower {
  readonly #room: Room<any>;
  readonly #readers = new Set<FeedReader>();
  /** Whether the room had no Store yet when a reader came last. */
  #isRoomEmpty = false;
  /** Ends what is done where there are readers: nothing where there are none. */
  #stop: (() => void) | undefined;

  constructor(room: Room<any>) {
    this.#room = room;
  }

  /**
   * A new reader's stream: of what it has missed since a place in the room's
   * history, or the content, and then of each commit. A place that is null is
   * none of any history.
   */
  async open(
    from: Place | null | undefined,
  ): Promise<ReadableStream<Uint8Array>> {
    return (from && (await this.#resume(from))) ?? (await this.#begin(from));
  }

  onCommit(commit: FollowedCommit): void {
    // Nobody has anything that it could follow.
    const chunks = this.#isRoomEmpty
      ? encodeFirstContent(commit)
      : encodeCommit(commit);
    this.#isRoomEmpty = false;
    this.#readers.forEach((reader) => reader.send(chunks));
  }

  /** All come back, and go on where they are. */
  onReset(): void {
    const readers = [...this.#readers];
    this.#readers.clear();
    this.#stopIfIdle();
    readers.forEach((reader) => reader.end());
  }

  /** Undefined where the room does not know any more what was missed. */
  #resume({
    epoch,
    offset: after,
  }: Place): Promise<ReadableStream<Uint8Array> | undefined> {
    return this.#room.read(async (state) => {
      const list = await state.readMissed(epoch ?? state.epoch, after);
      if (!state.epoch || !list) {
        return undefined;
      }
      const {epoch: ours, offset} = state;
      this.#isRoomEmpty = false;
      return this.#add(
        offset == after ? [] : encodeCommit({epoch: ours, after, offset, list}),
      );
    });
  }

  #begin(from: Place | null | undefined): Promise<ReadableStream<Uint8Array>> {
    // In a turn of its own: a Store may be written to while something is read,
    // and its content is to be that of the offset.
    return this.#room.read(async (state) => {
      const content = await state.getContent();
      this.#isRoomEmpty = !content;
      const name = from === undefined ? 'content' : 'reload';
      return this.#add(content ? encodeContent(name, content) : []);
    });
  }

  /** Still in the turn: it misses no commit, and is told of none twice. */
  #add(first: Uint8Array[]): ReadableStream<Uint8Array> {
    const reader = new FeedReader([RETRY, ...first], {
      maxUnreadBytes: this.#room.limits.maxUnreadLength,
      onEnd: () => {
        this.#readers.delete(reader);
        this.#stopIfIdle();
      },
    });
    this.#readers.add(reader);
    this.#stop ??= this.#start();
    return reader.stream;
  }

  #start(): () => void {
    const unfollow = this.#room.follow(this);
    let cancel: () => void;
    const keepAliveLater = () => {
      cancel = this.#room.schedule(() => {
        this.#readers.forEach((reader) => reader.keepAlive(KEEP_ALIVE));
        if (this.#stop) {
          keepAliveLater();
        }
      }, FEED_KEEP_ALIVE_MS);
    };
    keepAliveLater();
    return () => {
      cancel();
      unfollow();
    };
  }

  #stopIfIdle(): void {
    if (!this.#readers.size) {
      this.#stop?.();
      this.#stop = undefined;
    }
  }
}
