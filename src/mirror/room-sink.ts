/**
 * What a sink has of one room, as far as that is known here, and how it is moved
 * on. Others may write to the sink as well: it says who was first.
 */
import {Deadline} from './deadline.js';
import {MAX_BATCH_COMMITS} from './limits.js';
import {applyCommits} from './mirrored-content.js';
import type {Whole} from './room-events.js';
import {type Commit, isSamePosition, type Position, type Sink} from './sink.js';

/** What a mirror has written of a room. */
export type Written = {
  room: string;
  position: Position;
  /** When the room came to there: milliseconds since 1970. */
  time: number;
  /** How many commits that were; undefined where it was the whole of the content. */
  commits: number | undefined;
};

/** Not in order: what the sink has is read, and all goes on from there. */
export class OutOfStepError extends Error {
  override readonly name = 'OutOfStepError';
}

export type Known = {
  /** Where the sink is. */
  sunk: Position | undefined;
  /** The content in memory, which other mirrors of the sink may be ahead of. */
  at: Whole | undefined;
};

type Waiter = {position: Position; resolve: () => void};

/** Whether all up to a position is there. */
export const isBeyond = (
  sunk: Position | undefined,
  position: Position,
): boolean => sunk?.epoch === position.epoch && sunk.offset >= position.offset;

export class RoomSink {
  readonly room: string;
  readonly #sink: Sink;
  readonly #onWritten: (written: Written) => void;
  /** Undefined until it is read, and where a write has failed. */
  #known: Known | undefined;
  /** The latest that was written or read, for who wants to know. */
  #last: {position: Position; time: number | undefined} | undefined;
  readonly #waiters = new Set<Waiter>();

  constructor(
    room: string,
    {sink, onWritten}: {sink: Sink; onWritten: (written: Written) => void},
  ) {
    this.room = room;
    this.#sink = sink;
    this.#onWritten = onWritten;
  }

  get wantsEachCommit(): boolean {
    return !!this.#sink.wantsEachCommit;
  }

  /** Whether what is known is in memory, and so perhaps not the latest. */
  get isLoaded(): boolean {
    return !!this.#known;
  }

  /** Where the sink was seen last, and of when that is. */
  get last(): {position: Position; time: number | undefined} | undefined {
    return this.#last;
  }

  /** Whatever was read of the sink is read anew before it is used. */
  forget(): void {
    this.#known = undefined;
  }

  /**
   * Resolves when the sink has all up to a position; rejects where it has not in
   * time, or when aborted.
   */
  async waitFor(
    position: Position,
    {signal, timeoutMs}: {signal: AbortSignal; timeoutMs: number},
  ): Promise<void> {
    if (isBeyond(this.#known?.sunk, position)) {
      return;
    }
    const deadline = new Deadline(timeoutMs, {
      outer: signal,
      message: `The sink has not come to ${position.offset} of ${this.room} in time.`,
    });
    let waiter: Waiter | undefined;
    try {
      await deadline.race(
        () =>
          new Promise<void>((resolve) => {
            waiter = {position, resolve};
            this.#waiters.add(waiter);
          }),
      );
    } finally {
      this.#waiters.delete(waiter!);
      deadline.release();
    }
  }

  /** What the sink has, which is read where it is not known. */
  async load(): Promise<Known> {
    if (!this.#known) {
      const state = await this.#sink.read(this.room);
      if (!state) {
        this.#known = {sunk: undefined, at: undefined};
      } else {
        const {epoch, offset, content} = state;
        this.#known = {
          sunk: {epoch, offset},
          at: content && {epoch, offset, content},
        };
        this.#note({epoch, offset}, undefined);
      }
    }
    return this.#known;
  }

  /** Commits of which the first are perhaps there already. */
  async advance(known: Known, commits: Commit[]): Promise<void> {
    for (let i = 0; i < commits.length; i += MAX_BATCH_COMMITS) {
      await this.#advanceBy(known, commits.slice(i, i + MAX_BATCH_COMMITS));
    }
  }

  async #advanceBy(known: Known, commits: Commit[]): Promise<void> {
    const {at} = known;
    const news = commits.filter(
      ({epoch, offset}) => epoch !== at?.epoch || offset > at.offset,
    );
    const last = news.at(-1);
    if (!last) {
      return;
    }
    let place: Position | undefined = at;
    for (const {epoch, after, offset} of news) {
      if (epoch !== place?.epoch || after !== place.offset) {
        throw new OutOfStepError(
          `The commit after ${after} does not follow on ${place?.offset}.`,
        );
      }
      place = {epoch, offset};
    }
    applyCommits(at!.content, news);
    at!.offset = last.offset;
    await this.#write(known, at!, news);
  }

  /** Writes the content in memory, and by which commits it came to there. */
  async #write(
    known: Known,
    {epoch, offset, content}: Whole,
    commits: Commit[] | undefined,
  ): Promise<void> {
    const position = {epoch, offset};
    while (!isBeyond(known.sunk, position)) {
      const after = known.sunk;
      const missing = commits?.filter(
        (commit) => commit.offset > (after?.offset ?? -1),
      );
      const first = missing?.[0];
      if (
        missing &&
        !(first && isSamePosition(after, {epoch, offset: first.after}))
      ) {
        throw new OutOfStepError(
          `The sink is at ${after?.offset}, which is no commit's.`,
        );
      }
      const time = missing?.at(-1)?.time ?? Date.now();
      const isWritten = await this.#sink.write({
        room: this.room,
        after,
        position,
        time,
        commits: missing,
        content,
      });
      if (isWritten) {
        known.sunk = position;
        this.#note(position, time);
        const {room} = this;
        this.#onWritten({room, position, time, commits: missing?.length});
        return;
      }
      const state = await this.#sink.read(this.room);
      if (isSamePosition(state, after)) {
        throw new OutOfStepError(
          `The sink is at ${after?.offset}, and yet it does not write.`,
        );
      }
      known.sunk = state && {epoch: state.epoch, offset: state.offset};
      if (known.sunk) {
        this.#note(known.sunk, undefined);
      }
      if (!commits && !isBeyond(known.sunk, position)) {
        // Another mirror has brought it on: what is missing since may be known.
        throw new OutOfStepError('Somebody else has written to the sink.');
      }
    }
  }

  /** All of the content, which is written where the sink is not as far. */
  async replace(known: Known, whole: Whole, commits?: Commit[]): Promise<void> {
    const {epoch, offset, content} = whole;
    known.at = {epoch, offset, content};
    await this.#write(known, known.at, commits);
  }

  #note(position: Position, time: number | undefined): void {
    this.#last = {position, time: time ?? this.#last?.time};
    for (const waiter of this.#waiters) {
      if (isBeyond(position, waiter.position)) {
        waiter.resolve();
      }
    }
  }
}
