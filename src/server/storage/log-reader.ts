/** Reads what a room has stored, as far as its head speaks of it. */
import type {Content} from '../../protocol/changes.js';
import {ContentPatcher} from '../../protocol/content.js';
import type {DeltaList} from '../../protocol/delta.js';
import type {RoomLimits} from '../../protocol/limits.js';
import {addAnswer, type Clients} from './clients.js';
import type {Head} from './head.js';
import {
  type KeyValueStorage,
  PAGE_BYTES,
  readKeys,
} from './key-value-storage.js';
import type {Layout} from './layout.js';
import {readEntries} from './log-entries.js';
import {decodeText, encodeText, joinText} from './pieces.js';
import {readSnapshot} from './snapshot.js';

/** A commit as it was stored. */
export type LoggedCommit = {
  offset: number;
  list: DeltaList;
  /** In milliseconds since 1970, by the room's clock; some entries have none. */
  time: number | undefined;
  /** Whose doing it was, where the room has noted that. */
  author: string | undefined;
};

export type CommitBounds = {maxCount: number; maxBytes: number};

/** Where a room stands just now. */
export type Standing = {head: Head | undefined; offset: number};

export type ReaderStorage = {
  storage: KeyValueStorage;
  layout: Layout;
  limits: RoomLimits;
};

export class LogReader {
  readonly #on: ReaderStorage;
  readonly #getStanding: () => Standing;

  constructor(on: ReaderStorage, getStanding: () => Standing) {
    this.#on = on;
    this.#getStanding = getStanding;
  }

  /** Deltas after an offset, or undefined where the log does not reach back. */
  async readSince(offset: number): Promise<DeltaList[] | undefined> {
    if (!this.#isReached(offset)) {
      return undefined;
    }
    const deltas: DeltaList[] = [];
    if (offset < this.#offset) {
      let missed = 0;
      for await (const {entry, bytes} of readEntries(
        this.#on.storage,
        this.#on.layout,
        {after: offset, upTo: this.#offset},
      )) {
        deltas.push(entry[0]);
        missed += bytes;
        if (missed > this.#maxCatchUpBytes) {
          return undefined;
        }
      }
    }
    // What was there may have been let go of meanwhile.
    return this.#isReached(offset) ? deltas : undefined;
  }

  /**
   * The commits after an offset, in order, until there are so many or so many
   * bytes, or one more; undefined where the log does not reach back.
   */
  async readCommits(
    after: number,
    {maxCount, maxBytes}: CommitBounds,
  ): Promise<LoggedCommit[] | undefined> {
    const commits: LoggedCommit[] = [];
    if (this.#isReached(after) && after < this.#offset && maxCount > 0) {
      let read = 0;
      for await (const {offset, entry, bytes} of readEntries(
        this.#on.storage,
        this.#on.layout,
        {after, upTo: this.#offset},
        Math.min(maxBytes, PAGE_BYTES),
      )) {
        const [list, , , , time, author] = entry;
        commits.push({offset, list, time: time ?? undefined, author});
        read += bytes;
        if (commits.length >= maxCount || read >= maxBytes) {
          break;
        }
      }
    }
    // What was there may have been let go of meanwhile.
    return this.#isReached(after) ? commits : undefined;
  }

  /** Whether the log has all that came after an offset. */
  #isReached(offset: number): boolean {
    return (
      Number.isInteger(offset) &&
      offset >= (this.#head?.tail.offset ?? Infinity) &&
      offset <= this.#offset
    );
  }

  /**
   * The content as stored, now or at an offset; undefined where it cannot be told
   * any more what it was: a snapshot after that has taken its place.
   */
  async readContentAt(at: number): Promise<Content | undefined> {
    const isTold = () =>
      Number.isInteger(at) &&
      at >= (this.#head?.offset ?? Infinity) &&
      at <= this.#offset;
    const content = isTold() ? await this.readContent(at) : undefined;
    return isTold() ? content : undefined;
  }

  /** The content as stored; of an offset that the snapshot is not after. */
  readContent(at = Infinity): Promise<Content> {
    return this.#readStill(async ({generation, offset}) => {
      const upTo = Math.min(at, this.#offset);
      const bytes = await readSnapshot(
        this.#on.storage,
        this.#on.layout,
        generation,
      );
      const content: Content = JSON.parse(decodeText(bytes));
      const patcher = new ContentPatcher(content);
      for await (const {entry} of readEntries(
        this.#on.storage,
        this.#on.layout,
        {after: offset, upTo},
      )) {
        entry[0].forEach((changes) => patcher.apply(changes));
      }
      patcher.finish();
      return content;
    });
  }

  /** The content's JSON as stored, in UTF-8. */
  async readBytes(): Promise<Uint8Array> {
    return this.#head!.offset == this.#offset
      ? await this.#readStill(({generation}) =>
          readSnapshot(this.#on.storage, this.#on.layout, generation),
        )
      : encodeText(JSON.stringify(await this.readContent()));
  }

  /** Which pushes were answered, the most recent writers last. */
  async readClients(): Promise<Clients> {
    return this.#head
      ? this.#readStill((head) => this.#readClients(head))
      : new Map();
  }

  async #readClients({clients: {offset}}: Head): Promise<Clients> {
    const upTo = this.#offset;
    const pieces: unknown[] = [];
    for await (const [, piece] of readKeys(
      this.#on.storage,
      this.#on.layout.clients,
    )) {
      pieces.push(piece);
    }
    const clients: Clients = new Map(JSON.parse(joinText(pieces)));
    for await (const {entry} of readEntries(this.#on.storage, this.#on.layout, {
      after: offset,
      upTo,
    })) {
      for (const [clientId, answer] of Object.entries(entry[1])) {
        addAnswer(clients, clientId, answer, this.#on.limits.maxClients);
      }
    }
    return clients;
  }

  /** What `read` makes of the head, which is not replaced while it reads. */
  async #readStill<Result>(
    read: (head: Head) => Promise<Result>,
  ): Promise<Result> {
    let result: Result;
    let head: Head;
    do {
      head = this.#head!;
      result = await read(head);
    } while (head.generation != this.#head!.generation);
    return result;
  }

  get #head(): Head | undefined {
    return this.#getStanding().head;
  }

  get #offset(): number {
    return this.#getStanding().offset;
  }

  /** Of a large content half of it is still cheaper than the whole. */
  get #maxCatchUpBytes(): number {
    return Math.max(this.#on.limits.maxCatchUpBytes, this.#head!.bytes / 2);
  }
}
