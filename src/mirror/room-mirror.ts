/**
 * One room in a sink: what the sink has of it, and how that is moved on by what
 * the room tells. One thing happens at a time.
 */
import type {Content} from 'tinybase';
import type {StoreUpdatedEvent} from '../protocol/webhook-event.js';
import {MAX_BATCH_COMMITS} from './limits.js';
import {applyCommits, createContent} from './mirrored-content.js';
import type {RoomEvent, Whole} from './room-events.js';
import type {RoomHttp} from './room-http.js';
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

type Known = {
  /** Where the sink is. */
  sunk: Position | undefined;
  /** The content in memory, which other mirrors of the sink may be ahead of. */
  at: Whole | undefined;
};

type Waiter = {position: Position; resolve: () => void};

const isBeyond = (sunk: Position | undefined, position: Position): boolean =>
  sunk?.epoch === position.epoch && sunk.offset >= position.offset;

export class RoomMirror {
  readonly room: string;
  readonly #sink: Sink;
  readonly #http: RoomHttp | undefined;
  readonly #onWritten: (written: Written) => void;
  /** Undefined until it is read, and where a write has failed. */
  #known: Known | undefined;
  /** The latest that was written or read, for who wants to know. */
  #last: {position: Position; time: number | undefined} | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  readonly #waiters = new Set<Waiter>();

  constructor({
    room,
    sink,
    http,
    onWritten,
  }: {
    room: string;
    sink: Sink;
    http: RoomHttp | undefined;
    onWritten: (written: Written) => void;
  }) {
    this.room = room;
    this.#sink = sink;
    this.#http = http;
    this.#onWritten = onWritten;
  }

  /** Where the sink was seen last, and of when that is. */
  get last(): {position: Position; time: number | undefined} | undefined {
    return this.#last;
  }

  /** Where a live feed has to go on; undefined to begin with all of the content. */
  getStart(): Promise<Position | undefined> {
    return this.#run(async () => {
      const {at} = await this.#load();
      return at && {epoch: at.epoch, offset: at.offset};
    });
  }

  /** Writes what a live feed has told, in order. */
  take(events: RoomEvent[]): Promise<void> {
    return this.#run(async () => {
      const known = await this.#load();
      let commits: Commit[] = [];
      const flush = async () => {
        const taken = commits;
        commits = [];
        await this.#advance(known, taken);
      };
      for (const event of events) {
        if (event.kind == 'whole') {
          await flush();
          await this.#takeWhole(known, event);
        } else if (
          this.#sink.wantsEachCommit &&
          event.commit.time === undefined
        ) {
          await flush();
          await this.#takeMerged(known, event.commit);
        } else {
          commits.push(event.commit);
        }
      }
      await flush();
    });
  }

  /** Brings the sink to where the room is now. */
  catchUp(signal?: AbortSignal): Promise<void> {
    return this.#run(() => this.#catchUp(signal));
  }

  /** Brings the sink to what a webhook tells of, or beyond. */
  receive(event: StoreUpdatedEvent): Promise<void> {
    return this.#run(async () => {
      // What is in memory may be behind: another process may have had the last.
      const isFresh = !this.#known;
      try {
        if (await this.#receive(event, isFresh)) {
          return;
        }
      } catch (error) {
        if (!(error instanceof OutOfStepError)) {
          throw error;
        }
      }
      this.#known = undefined;
      await this.#receive(event, true);
    });
  }

  /** Does something while nothing is written, with what the sink has. */
  runAt<Result>(
    run: (whole: Whole) => Promise<Result>,
  ): Promise<Result | undefined> {
    return this.#run(async () => {
      const {sunk, at} = await this.#load();
      return at && isSamePosition(sunk, at) ? await run(at) : undefined;
    });
  }

  /** Resolves when the sink has all up to a position, or rejects when aborted. */
  async waitFor(position: Position, signal: AbortSignal): Promise<void> {
    if (isBeyond(this.#known?.sunk, position)) {
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const end = () => {
        this.#waiters.delete(waiter);
        signal.removeEventListener('abort', abort);
      };
      const abort = () => {
        end();
        reject(
          new Error(
            `The sink has not come to ${position.offset} of ${this.room} in time.`,
          ),
        );
      };
      const waiter = {
        position,
        resolve: () => {
          end();
          resolve();
        },
      };
      this.#waiters.add(waiter);
      signal.addEventListener('abort', abort);
      if (signal.aborted) {
        abort();
      }
    });
  }

  /** Whatever was read of the sink is read anew before it is used. */
  forget(): void {
    this.#known = undefined;
  }

  async #run<Result>(run: () => Promise<Result>): Promise<Result> {
    const result = this.#tail.then(run);
    this.#tail = result.catch(() => {});
    try {
      return await result;
    } catch (error) {
      // What was applied in memory may not be in the sink, or the other way round.
      this.#known = undefined;
      throw error;
    }
  }

  async #load(): Promise<Known> {
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
  async #advance(known: Known, commits: Commit[]): Promise<void> {
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
  async #replace(
    known: Known,
    whole: Whole,
    commits?: Commit[],
  ): Promise<void> {
    const {epoch, offset, content} = whole;
    known.at = {epoch, offset, content};
    await this.#write(known, known.at, commits);
  }

  /** The content comes in place of what was missed. */
  async #takeWhole(known: Known, whole: Whole): Promise<void> {
    const {sunk, at} = known;
    const isMissing = sunk?.epoch === whole.epoch && sunk.offset < whole.offset;
    if (!this.#sink.wantsEachCommit || !this.#http || !isMissing) {
      await this.#replace(known, whole);
    } else if (at?.epoch === whole.epoch) {
      if (!(await this.#readOn(known, whole.offset))) {
        await this.#replace(known, whole);
      }
    } else {
      await this.#replace(known, whole, await this.#readBetween(sunk, whole));
    }
  }

  /** One commit stands for several: they come from the history, each by itself. */
  async #takeMerged(known: Known, commit: Commit): Promise<void> {
    const isRead =
      known.at?.epoch === commit.epoch &&
      this.#http &&
      (await this.#readOn(known, commit.offset));
    if (!isRead) {
      await this.#advance(known, [commit]);
    }
  }

  /** Goes on by the history up to an offset; false where that is not told. */
  async #readOn(known: Known, offset: number): Promise<boolean> {
    const {at} = known;
    if (at!.offset >= offset) {
      return true;
    }
    for await (const page of this.#http!.readHistory(at!)) {
      if (page == 'gone') {
        return false;
      }
      await this.#advance(known, page);
      if (at!.offset >= offset) {
        return true;
      }
    }
    return false;
  }

  /** The commits after one position up to another; undefined where not told. */
  async #readBetween(
    from: Position,
    to: Position,
  ): Promise<Commit[] | undefined> {
    const commits: Commit[] = [];
    for await (const page of this.#http!.readHistory(from)) {
      if (page == 'gone') {
        return undefined;
      }
      commits.push(...page.filter(({offset}) => offset <= to.offset));
      if (page.at(-1)!.offset >= to.offset) {
        break;
      }
    }
    return commits.at(-1)?.offset == to.offset ? commits : undefined;
  }

  async #catchUp(signal?: AbortSignal): Promise<void> {
    if (!this.#http) {
      throw new Error(
        `The room ${this.room} has to be asked, and nobody says where it is: ` +
          'give getRoom, or room, to the mirror.',
      );
    }
    const known = await this.#load();
    if (known.at) {
      for await (const page of this.#http.readHistory(known.at, signal)) {
        if (page == 'gone') {
          known.at = undefined;
          break;
        }
        await this.#advance(known, page);
      }
    }
    if (!known.at) {
      const whole = await this.#http.readContent(signal);
      if (whole) {
        await this.#takeWhole(known, whole);
      }
    }
  }

  /** False where what is in memory is not enough, and may not be what the sink has. */
  async #receive(
    {data, timestamp}: StoreUpdatedEvent,
    isFresh: boolean,
  ): Promise<boolean> {
    const {epoch, fromOffset, toOffset, changes, content} = data;
    const target = {epoch, offset: toOffset};
    const known = await this.#load();
    if (isBeyond(known.sunk, target)) {
      return true;
    }
    const commits = changes?.map((commit, i) => ({
      time: Date.parse(timestamp),
      ...commit,
      epoch,
      after: changes[i - 1]?.offset ?? fromOffset,
    }));
    if (commits?.length && (await this.#takeCommits(known, commits))) {
      return true;
    }
    if (!isFresh) {
      return false;
    }
    if (content && !(this.#http && this.#sink.wantsEachCommit)) {
      await this.#replace(known, {...target, content});
      return true;
    }
    await this.#catchUp();
    // Where its epoch is another, what the webhook tells of is over.
    if (known.sunk?.epoch === epoch && !isBeyond(known.sunk, target)) {
      throw new OutOfStepError(
        `The room ${this.room} is at ${known.sunk.offset}, its webhook at ${toOffset}.`,
      );
    }
    return true;
  }

  /** Takes a webhook's commits; false where they do not follow on the sink's. */
  async #takeCommits(known: Known, commits: Commit[]): Promise<boolean> {
    const [first, ...rest] = commits as [Commit, ...Commit[]];
    if (!known.sunk && first.after == 0) {
      // The room's first content: before that there was nothing.
      const {epoch, offset} = first;
      const content: Content = createContent(first.changes);
      await this.#replace(known, {epoch, offset, content});
      await this.#advance(known, rest);
      return true;
    }
    const {at} = known;
    const isKnown =
      at?.epoch === first.epoch &&
      (at.offset == first.after ||
        commits.some(({offset}) => offset == at.offset));
    if (isKnown) {
      await this.#advance(known, commits);
    }
    return isKnown;
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
