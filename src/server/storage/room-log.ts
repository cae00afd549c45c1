/**
 * What a room keeps in storage: a head, a snapshot of the content, the log of
 * commits after it (and some before), and which pushes of whom were answered.
 * docs/protocol.md describes the layout.
 */
import type {Content} from '../../protocol/changes.js';
import type {DeltaList} from '../../protocol/delta.js';
import {
  getRoomLimits,
  MAX_COMPACTED_BYTES,
  MAX_LOG_BYTES,
  MIN_COMPACTION_BYTES,
  type RoomLimits,
} from '../../protocol/limits.js';
import type {Clients} from './clients.js';
import {
  type CompactionNeed,
  type CompactionStorage,
  deleteKeys,
  type NextHead,
  type Steps,
  TakenSince,
  writeNextSnapshot,
} from './compaction.js';
import type {Head, Tail} from './head.js';
import {type KeyValueStorage, writeKeys} from './key-value-storage.js';
import {getPieceEntries, getPieceKeys, Layout} from './layout.js';
import {
  deleteLegacyKeys,
  HAS_STORE,
  readLegacyLayout,
} from './legacy-layout.js';
import {
  encodeEntry,
  endsBy,
  type Extent,
  readNewestEntry,
} from './log-entries.js';
import {addToPage, type LogPage, openPage} from './log-page.js';
import {type CommitBounds, type LoggedCommit, LogReader} from './log-reader.js';
import {cutText, measureText} from './pieces.js';
import {encodeSnapshot} from './snapshot.js';
import {Weights} from './weights.js';

/** A commit to be stored. */
export type Commit = {
  offset: number;
  list: DeltaList;
  /** The list's JSON. */
  text: string;
  answers: Clients;
  /** When it is made, in milliseconds since 1970. */
  time?: number;
  /** Whose doing it is, where the room notes that. */
  author?: string | undefined;
};

type LogLimits = RoomLimits & {
  /** How many bytes are kept for history, where that is more. */
  historyLimit?: number | undefined;
};

type Puts = [key: string, value: unknown][];

export class RoomLog {
  epoch = '';
  offset = 0;
  #head: Head | undefined;
  #extent: Extent = {logged: 0, taken: 0};
  /** What the next commit is added to; never what is about to be deleted. */
  #page: LogPage | undefined;
  /** Of the snapshot, less what the log has taken away. */
  #weights = new Weights();
  /** Whether it is known that there is no head, if there is none. */
  #isOpen = false;
  #isClosed = false;
  readonly #storage: KeyValueStorage;
  readonly #prefix: string;
  readonly #layout: Layout;
  readonly #limits: LogLimits;
  readonly #reader: LogReader;

  constructor(
    storage: KeyValueStorage,
    prefix: string,
    limits: LogLimits = getRoomLimits(),
  ) {
    this.#limits = limits;
    this.#storage = storage;
    this.#prefix = prefix;
    this.#layout = new Layout(prefix);
    this.#reader = new LogReader(
      {storage, layout: this.#layout, limits},
      () => ({head: this.#head, offset: this.offset}),
    );
  }

  /**
   * Finds where the room stands. What TinyBase's server half has stored is taken
   * over on the way, unless `readOnly`: then its content is returned.
   */
  async open(
    createEpoch: () => string,
    readOnly = false,
  ): Promise<Content | undefined> {
    // Both at once: a room that wakes keeps its first client waiting for this.
    const [head, newest] = await Promise.all([
      this.#storage.get(this.#layout.head),
      this.#storage.list({
        prefix: this.#layout.entries,
        reverse: true,
        limit: 1,
      }),
    ]);
    this.#isOpen = true;
    if (!head) {
      const content = await readLegacyLayout(this.#storage, this.#prefix);
      if (content && !readOnly) {
        this.epoch = createEpoch();
        await this.create(content, new Map(), {isLegacy: true});
      }
      return content;
    }
    this.#head = head as Head;
    this.#weights = new Weights(this.#head.weights);
    const {epoch, offset, logged, taken} = this.#head;
    this.epoch = epoch;
    this.offset = offset;
    this.#extent = {logged, taken};
    const last = await readNewestEntry(
      this.#storage,
      this.#layout,
      offset,
      newest,
    );
    if (last) {
      this.offset = last.offset;
      [, , this.#extent.logged, this.#extent.taken] = last.entry;
      this.#page = openPage(this.#layout, [...newest][0]!);
    }
    return undefined;
  }

  /** Nothing more is written: another takes over. */
  close(): void {
    this.#isClosed = true;
  }

  /**
   * Stores the first content of a room, at the current offset. It throws where
   * the room has content, or may have some: nothing brings that back.
   */
  async create(
    content: Content,
    clients: Clients,
    {
      isLegacy = false,
      author,
    }: {isLegacy?: boolean; author?: string | undefined} = {},
  ): Promise<void> {
    if (!this.#isOpen || this.#head) {
      throw new Error('A room that may have content cannot get its first one.');
    }
    const {head: snapshot, puts} = encodeSnapshot(content, this.#layout, 1);
    const here = {offset: this.offset, logged: 0};
    const head: Head = {
      version: 1,
      epoch: this.epoch,
      ...here,
      taken: 0,
      tail: here,
      marks: [here],
      ...snapshot,
      clients: {...here, bytes: 0, pieces: 0},
      ...(author === undefined ? {} : {author}),
      ...(isLegacy ? {leftovers: 'legacy'} : {}),
    };
    this.#weights = new Weights(head.weights);
    const {puts: record} = this.#encodeClients(head, clients, here);
    await this.#put(
      head,
      [...puts, ...record],
      isLegacy ? [this.#prefix + HAS_STORE] : [],
    );
  }

  /**
   * Adds a commit, and, where it is time for that, the record of `clients`, who
   * were answered so far; resolves when it is durable.
   */
  async append(
    {offset, list, text, answers, time, author}: Commit,
    clients?: Clients,
  ): Promise<void> {
    const taken = list.reduce(
      (sum, changes) => sum + this.#weights.take(changes),
      0,
    );
    const {text: entryText, extent} = encodeEntry(
      this.#layout.getEntryKey(offset),
      {
        deltaText: text,
        answersText: JSON.stringify(Object.fromEntries(answers)),
        time,
        author,
      },
      this.#extent,
      taken,
    );
    this.#extent = extent;
    this.offset = offset;
    const entryAt = {offset, text: entryText};
    this.#page = addToPage(this.#page, entryAt, this.#layout);
    const puts = getPieceEntries(this.#page.key, cutText(this.#page.text));
    if (!clients) {
      await writeKeys(this.#storage, puts);
      return;
    }
    const head = {...this.#head!};
    const {puts: record, deletes} = this.#encodeClients(head, clients, {
      offset,
      logged: extent.logged,
    });
    await this.#put(head, [...puts, ...record], deletes);
  }

  /** Whose doing the first content was, where that was noted. */
  get firstAuthor(): string | undefined {
    return this.#head?.author;
  }

  /** Whether so much was answered since that it would take long to read. */
  needsClients(): boolean {
    const {clients} = this.#head!;
    return (
      this.#extent.logged - clients.logged >
      Math.max(2 * clients.bytes, MIN_COMPACTION_BYTES)
    );
  }

  /** Whether `compact` has something to do. */
  getCompactionNeed(): CompactionNeed {
    if (this.#isOutgrownBy(this.#getWaste())) {
      // Its length alone: who deletes a lot is not in a hurry.
      const length = this.#extent.logged - this.#head!.logged;
      return length > MAX_COMPACTED_BYTES ? 'urgent' : 'due';
    }
    return this.#head?.leftovers ? 'due' : 'none';
  }

  /**
   * Makes a new snapshot where the log has outgrown the old one, and lets go of
   * what is no longer needed, in steps: others may go on between them, and it
   * may end after any.
   */
  async *compact(): Steps {
    const on: CompactionStorage = {
      storage: this.#storage,
      layout: this.#layout,
      isOver: () => this.#isClosed,
    };
    if (this.#head?.leftovers) {
      yield* this.#letGo(on);
    }
    if (this.#isOutgrownBy(this.#getWaste())) {
      const {maxCatchUpBytes, historyLimit = 0} = this.#limits;
      const next = yield* writeNextSnapshot(on, this.#head!, {
        upTo: this.offset,
        maxWindowBytes: Math.max(maxCatchUpBytes, historyLimit),
      });
      const taken = new TakenSince(next);
      yield* taken.weigh(on, this.offset);
      yield 'alone';
      for await (const _ of taken.weigh(on, this.offset)) {
        // What was committed in the last moment, all at once.
      }
      // Whom the entries answer that are about to go has to be on record.
      const clients =
        this.#head!.clients.offset < next.tail.offset
          ? await this.readClients()
          : undefined;
      if (!this.#isClosed) {
        await this.#land(next, taken, clients);
        yield* this.#letGo(on);
      }
    }
  }

  /** Puts a new snapshot in the place of the one before. */
  async #land(
    next: NextHead,
    {bytes, weights}: TakenSince,
    clients: Clients | undefined,
  ): Promise<void> {
    const head: Head = {
      ...this.#head!,
      ...next,
      // What is gone since has been weighed by the snapshot before.
      taken: this.#extent.taken - Math.round(bytes),
      leftovers: 'ours',
    };
    this.#weights = weights;
    this.#page = undefined;
    if (clients && head.clients.offset < next.tail.offset) {
      const {puts, deletes} = this.#encodeClients(head, clients, next);
      await this.#put(head, puts, deletes);
    } else {
      await this.#put(head);
    }
  }

  /** Deltas after an offset, or undefined where the log does not reach back. */
  readSince(offset: number): Promise<DeltaList[] | undefined> {
    return this.#reader.readSince(offset);
  }

  /**
   * The commits after an offset, in order, until there are so many or so many
   * bytes, or one more; undefined where the log does not reach back.
   */
  readCommits(
    after: number,
    bounds: CommitBounds,
  ): Promise<LoggedCommit[] | undefined> {
    return this.#reader.readCommits(after, bounds);
  }

  /**
   * The content as stored, now or at an offset; undefined where it cannot be told
   * any more what it was: a snapshot after that has taken its place.
   */
  readContentAt(offset: number): Promise<Content | undefined> {
    return this.#reader.readContentAt(offset);
  }

  /** The content as stored. */
  readContent(): Promise<Content> {
    return this.#reader.readContent();
  }

  /** The content's JSON as stored, in UTF-8. */
  readBytes(): Promise<Uint8Array> {
    return this.#reader.readBytes();
  }

  /** Which pushes were answered, the most recent writers last. */
  readClients(): Promise<Clients> {
    return this.#reader.readClients();
  }

  /** Deletes what the head no longer speaks of. */
  async *#letGo(on: CompactionStorage): Steps {
    const {generation, tail, leftovers} = this.#head!;
    if (leftovers == 'legacy') {
      yield* deleteLegacyKeys(on, this.#prefix);
    }
    const other = this.#layout.getSnapshotPrefix(generation + 1);
    yield* deleteKeys(on, other);
    yield* deleteKeys(on, this.#layout.entries, (page) =>
      endsBy(this.#layout, page, tail.offset),
    );
    yield 'alone';
    if (!this.#isClosed) {
      const {leftovers: _, ...head} = this.#head!;
      await this.#put(head);
    }
  }

  /** Replaces the head, with all else that it speaks of. */
  #put(head: Head, puts: Puts = [], deletes: string[] = []): Promise<unknown> {
    this.#head = head;
    return writeKeys(
      this.#storage,
      [[this.#layout.head, head], ...puts],
      deletes,
    );
  }

  /** Replaces the record of clients, who were answered up to there. */
  #encodeClients(
    head: Head,
    clients: Clients,
    {offset, logged}: Tail,
  ): {puts: Puts; deletes: string[]} {
    const text = JSON.stringify([...clients].slice(-this.#limits.maxClients));
    const pieces = cutText(text);
    const old = getPieceKeys(this.#layout.clients, head.clients.pieces);
    const keys = getPieceKeys(this.#layout.clients, pieces.length);
    head.clients = {
      offset,
      logged,
      bytes: measureText(text),
      pieces: pieces.length,
    };
    return {
      puts: keys.map((key, index) => [key, pieces[index]]),
      deletes: old.filter((key) => !keys.includes(key)),
    };
  }

  /** Bytes that a new snapshot would spare. */
  #getWaste(): number {
    const {logged, taken} = this.#head ?? this.#extent;
    // What is gone counts twice: the content is shorter by it, too.
    return this.#extent.logged - logged + 2 * (this.#extent.taken - taken);
  }

  #isOutgrownBy(waste: number): boolean {
    const bytes = Math.min(this.#head?.bytes ?? 0, MAX_LOG_BYTES);
    return waste > Math.max(bytes, MIN_COMPACTION_BYTES);
  }
}
