/**
 * One room in a sink: what the room tells, by whatever way, moves the sink on. One
 * thing happens at a time.
 */
import type {Content} from 'tinybase';
import type {StoreUpdatedEvent} from '../protocol/webhook-event.js';
import {createContent} from './mirrored-content.js';
import type {RoomEvent, Whole} from './room-events.js';
import type {RoomHttp} from './room-http.js';
import {
  isBeyond,
  type Known,
  OutOfStepError,
  type RoomSink,
} from './room-sink.js';
import {type Commit, isSamePosition, type Position} from './sink.js';

export class RoomMirror {
  readonly #sink: RoomSink;
  readonly #http: RoomHttp | undefined;
  readonly #onError: (error: Error) => void;
  /** Whether it was said that the room tells no history. */
  #isToldOfGaps = false;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(
    sink: RoomSink,
    http: RoomHttp | undefined,
    /** Told what is not as it was asked for, and yet goes on. */
    onError: (error: Error) => void = () => {},
  ) {
    this.#sink = sink;
    this.#http = http;
    this.#onError = onError;
  }

  /** Where a live feed has to go on; undefined to begin with all of the content. */
  getStart(): Promise<Position | undefined> {
    return this.#run(async () => {
      const {at} = await this.#sink.load();
      return at && {epoch: at.epoch, offset: at.offset};
    });
  }

  /** Writes what a live feed has told, in order. */
  take(events: RoomEvent[], signal?: AbortSignal): Promise<void> {
    return this.#run(async () => {
      const known = await this.#sink.load();
      let commits: Commit[] = [];
      const flush = async () => {
        const taken = commits;
        commits = [];
        await this.#sink.advance(known, taken);
      };
      for (const event of events) {
        if (event.kind == 'whole') {
          await flush();
          await this.#takeWhole(known, event, signal);
        } else if (
          this.#sink.wantsEachCommit &&
          event.commit.time === undefined
        ) {
          await flush();
          await this.#takeMerged(known, event.commit, signal);
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
  receive(event: StoreUpdatedEvent, signal?: AbortSignal): Promise<void> {
    return this.#run(async () => {
      // What is in memory may be behind: another process may have had the last.
      const isFresh = !this.#sink.isLoaded;
      try {
        if (await this.#receive(event, {isFresh, signal})) {
          return;
        }
      } catch (error) {
        if (!(error instanceof OutOfStepError)) {
          throw error;
        }
      }
      this.#sink.forget();
      await this.#receive(event, {isFresh: true, signal});
    });
  }

  /** Does something while nothing is written, with what the sink has. */
  runAt<Result>(
    run: (whole: Whole) => Promise<Result>,
  ): Promise<Result | undefined> {
    return this.#run(async () => {
      const {sunk, at} = await this.#sink.load();
      return at && isSamePosition(sunk, at) ? await run(at) : undefined;
    });
  }

  async #run<Result>(run: () => Promise<Result>): Promise<Result> {
    const result = this.#tail.then(async () => {
      try {
        return await run();
      } catch (error) {
        // What was applied in memory may not be in the sink, or the other way round.
        this.#sink.forget();
        throw error;
      }
    });
    this.#tail = result.catch(() => {});
    return await result;
  }

  /** The content comes in place of what was missed. */
  async #takeWhole(
    known: Known,
    whole: Whole,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const {sunk, at} = known;
    const isMissing = sunk?.epoch === whole.epoch && sunk.offset < whole.offset;
    if (!this.#sink.wantsEachCommit || !this.#http || !isMissing) {
      await this.#sink.replace(known, whole);
    } else if (at?.epoch === whole.epoch) {
      if (!(await this.#readOn(known, whole.offset, signal))) {
        await this.#sink.replace(known, whole);
      }
    } else {
      await this.#sink.replace(
        known,
        whole,
        await this.#readBetween(sunk, whole, signal),
      );
    }
  }

  /** One commit stands for several: they come from the history, each by itself. */
  async #takeMerged(
    known: Known,
    commit: Commit,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const isRead =
      known.at?.epoch === commit.epoch &&
      this.#http &&
      (await this.#readOn(known, commit.offset, signal));
    if (!isRead) {
      await this.#sink.advance(known, [commit]);
    }
  }

  /** Goes on by the history up to an offset; false where that is not told. */
  async #readOn(
    known: Known,
    offset: number,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const {at} = known;
    if (at!.offset >= offset) {
      return true;
    }
    for await (const page of this.#http!.readHistory(at!, signal)) {
      if (page == 'gone') {
        this.#tellOfGaps();
        return false;
      }
      await this.#sink.advance(known, page);
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
    signal: AbortSignal | undefined,
  ): Promise<Commit[] | undefined> {
    const commits: Commit[] = [];
    for await (const page of this.#http!.readHistory(from, signal)) {
      if (page == 'gone') {
        this.#tellOfGaps();
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
        `The room ${this.#sink.room} has to be asked, and nobody says where it is: ` +
          'give getRoom, or room, to the mirror.',
      );
    }
    const known = await this.#sink.load();
    const isGone = !!known.at && !(await this.#readAll(known, signal));
    if (isGone || !known.at) {
      const whole = await this.#http.readContent(signal);
      if (whole && isGone) {
        await this.#sink.replace(known, whole);
      } else if (whole) {
        await this.#takeWhole(known, whole, signal);
      }
    }
  }

  /** Goes on by the history as far as it goes; false where that is not told. */
  async #readAll(
    known: Known,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    for await (const page of this.#http!.readHistory(known.at!, signal)) {
      if (page == 'gone') {
        this.#tellOfGaps();
        return false;
      }
      await this.#sink.advance(known, page);
    }
    return true;
  }

  /** Once: that some commits are missing is how it is with this room. */
  #tellOfGaps(): void {
    const {room, wantsEachCommit} = this.#sink;
    if (wantsEachCommit && this.#http!.hasNoHistory && !this.#isToldOfGaps) {
      this.#isToldOfGaps = true;
      this.#onError(
        new Error(
          `${room} tells no history: what happens while its feed is not read is ` +
            'in the sink by its net effect, or as the content. For each commit, ' +
            'leave historyLimit out of its config, or make it more than 0.',
        ),
      );
    }
  }

  /** False where what is in memory is not enough, and may not be what the sink has. */
  async #receive(
    {data, timestamp}: StoreUpdatedEvent,
    {isFresh, signal}: {isFresh: boolean; signal: AbortSignal | undefined},
  ): Promise<boolean> {
    const {epoch, fromOffset, toOffset, changes, content} = data;
    const target = {epoch, offset: toOffset};
    const known = await this.#sink.load();
    if (isBeyond(known.sunk, target)) {
      return true;
    }
    const commits = changes?.map((commit, i) => ({
      time: Date.parse(timestamp),
      ...commit,
      epoch,
      after: changes[i - 1]?.offset ?? fromOffset,
    }));
    if (
      commits?.length &&
      (await this.#takeCommits(known, commits)) &&
      isBeyond(known.sunk, target)
    ) {
      return true;
    }
    if (!isFresh) {
      return false;
    }
    // Which of two histories is over, the room alone knows.
    const isOther = known.sunk && known.sunk.epoch !== epoch;
    const isAsked = this.#http && (isOther || this.#sink.wantsEachCommit);
    if (content && !isAsked) {
      await this.#sink.replace(known, {...target, content});
      return true;
    }
    await this.#catchUp(signal);
    // Where its epoch is another, what the webhook tells of is over.
    if (known.sunk?.epoch === epoch && !isBeyond(known.sunk, target)) {
      throw new OutOfStepError(
        `The room ${this.#sink.room} is at ${known.sunk.offset}, its webhook at ${toOffset}.`,
      );
    }
    return true;
  }

  /** Takes a webhook's commits; false where they do not follow on the sink's. */
  async #takeCommits(known: Known, commits: Commit[]): Promise<boolean> {
    const [first, ...rest] = commits as [Commit, ...Commit[]];
    const {sunk} = known;
    const isNew = !sunk || (!this.#http && sunk.epoch !== first.epoch);
    if (isNew && first.after == 0) {
      // The room's first content: before that there was nothing.
      const {epoch, offset} = first;
      const content: Content = createContent(first.changes);
      await this.#sink.replace(known, {epoch, offset, content});
      await this.#sink.advance(known, rest);
      return true;
    }
    const {at} = known;
    const isKnown =
      at?.epoch === first.epoch &&
      (at.offset == first.after ||
        commits.some(({offset}) => offset == at.offset));
    if (isKnown) {
      await this.#sink.advance(known, commits);
    }
    return isKnown;
  }
}
