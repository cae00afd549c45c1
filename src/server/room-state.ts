/**
 * What a room knows of its storage: where it stands, the live Store, and whom it
 * has answered. All of it can be forgotten, and read again.
 */
import type {Store} from 'tinybase';
import {type Changes, type Content, isEmpty} from '../protocol/changes.js';
import {applyAllToContent} from '../protocol/content.js';
import {Delta, type DeltaList} from '../protocol/delta.js';
import type {Author} from './audience.js';
import type {CompactionNeed} from './storage/compaction.js';
import {getSchemaChanges, setContent} from './live-store.js';
import {decodeText, encodeText} from './storage/pieces.js';
import type {RoomEdge} from './room-edge.js';
import {addAnswer, type Clients} from './storage/clients.js';
import type {Steps} from './storage/compaction.js';
import type {CommitBounds, LoggedCommit} from './storage/log-reader.js';
import {type Commit, RoomLog} from './storage/room-log.js';

/** Where in its history a room stands; the epoch '' is no Store. */
export type Position = {epoch: string; offset: number};

/** The content as JSON in UTF-8, and where it stands. */
export type StoredContent = Position & {bytes: Uint8Array};

/** A commit, and who pushed what it is made of. */
export type AnsweringCommit = Pick<Commit, 'list' | 'text'> & {
  time: number;
  /** Whose doing it is, where the room notes that. */
  author: string | undefined;
  authors: Map<unknown, Author<unknown>>;
  /** What is answered to clients that are not connected. */
  keyed: Clients;
};

export type StateEdge = Pick<
  RoomEdge,
  | 'storage'
  | 'storagePrefix'
  | 'limits'
  | 'historyLimit'
  | 'createStore'
  | 'createEpoch'
>;

const getAnswers = ({
  authors,
  keyed,
}: Pick<AnsweringCommit, 'authors' | 'keyed'>): Clients => {
  const answers: Clients = new Map(keyed);
  for (const {greeting, answer} of authors.values()) {
    if (greeting && answer[0]) {
      addAnswer(answers, greeting.clientId, answer);
    }
  }
  return answers;
};

export class RoomState {
  readonly #edge: StateEdge;
  readonly #isStoreAhead: () => boolean;
  #log: RoomLog;
  #isOpen = false;
  #store: Store | undefined;
  #clients: Clients | undefined;
  #content: StoredContent | undefined;

  constructor(
    edge: StateEdge,
    /** Whether the live Store has what is not stored. */
    isStoreAhead: () => boolean,
  ) {
    this.#edge = edge;
    this.#isStoreAhead = isStoreAhead;
    this.#log = this.#createLog();
  }

  /** Whether it is known where the room stands. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  get epoch(): string {
    return this.#log.epoch;
  }

  get offset(): number {
    return this.#log.offset;
  }

  /** The live Store where it is loaded. */
  get store(): Store | undefined {
    return this.#store;
  }

  /** Whom the room has answered, where that is read. */
  get clients(): Clients | undefined {
    return this.#clients;
  }

  /** Finds where the room stands. */
  async open(): Promise<void> {
    if (!this.#isOpen) {
      await this.#log.open(() => this.#edge.createEpoch());
      this.#isOpen = true;
    }
  }

  /** Forgets everything. */
  forget(): void {
    this.#log.close();
    this.#log = this.#createLog();
    this.#isOpen = false;
    this.#store = this.#clients = this.#content = undefined;
  }

  async readClients(): Promise<Clients> {
    return (this.#clients ??= await this.#log.readClients());
  }

  /** What came after a position, or null where only the content tells. */
  async readMissed(epoch: unknown, offset: unknown): Promise<DeltaList | null> {
    if (!this.epoch) {
      return [];
    }
    const missed =
      epoch === this.epoch && typeof offset == 'number'
        ? await this.#log.readSince(offset)
        : undefined;
    return missed
      ? missed
          .flat()
          .reduce((delta, changes) => delta.add(changes), new Delta())
          .toList()
      : null;
  }

  /** Makes the live Store; answers what its schema has changed of the content. */
  async loadStore(): Promise<Changes | undefined> {
    const store = this.#edge.createStore();
    if (store.isMergeable()) {
      throw new TypeError(
        'createStore() returned a MergeableStore: a room holds a regular ' +
          'Store, made by createStore() of tinybase.',
      );
    }
    let changes: Changes | undefined;
    if (this.epoch) {
      const content = await this.#log.readContent();
      const hasSchema = store.hasTablesSchema() || store.hasValuesSchema();
      const stored = hasSchema ? structuredClone(content) : undefined;
      setContent(store, content);
      changes = stored && getSchemaChanges(store, stored);
    }
    this.#store = store;
    return changes;
  }

  /** Whose doing the first content was, where that was noted. */
  get firstAuthor(): string | undefined {
    return this.#log.firstAuthor;
  }

  /** The commits after an offset; undefined where the log does not reach back. */
  readCommits(
    after: number,
    bounds: CommitBounds,
  ): Promise<LoggedCommit[] | undefined> {
    return this.#log.readCommits(after, bounds);
  }

  /** The content as it was at an offset; undefined where that is not known. */
  readContentAt(offset: number): Promise<Content | undefined> {
    return this.#log.readContentAt(offset);
  }

  /** The content as it is stored; undefined where the room has no Store. */
  async getContent(): Promise<StoredContent | undefined> {
    const {epoch, offset} = this.#log;
    const last = this.#content;
    if (epoch && (last?.offset !== offset || last.epoch !== epoch)) {
      this.#content = {bytes: await this.#getBytes(), epoch, offset};
    }
    return epoch ? this.#content : undefined;
  }

  /**
   * Stores the first content of a room that had none: the live Store's, or what
   * is given and the changes make. Answers all of it as changes.
   */
  async create(
    {
      list,
      author,
      ...answering
    }: Pick<AnsweringCommit, 'list' | 'author' | 'authors' | 'keyed'>,
    content: Content = [{}, {}],
  ): Promise<DeltaList> {
    applyAllToContent(content, list);
    const [tables, values]: Content = this.#store
      ? JSON.parse(this.#store.getJson())
      : content;
    this.#log.epoch = this.#edge.createEpoch();
    this.#log.offset = 1;
    this.#clients ??= new Map();
    this.#addAnswers(this.#clients, getAnswers(answering));
    await this.#log.create([tables, values], this.#clients, {author});
    return isEmpty([tables, values]) ? [] : [[tables, values, 1]];
  }

  /** Stores a commit, which goes so many steps on, and what it answers. */
  async append(
    steps: number,
    {list, text, time, author, ...answering}: AnsweringCommit,
  ): Promise<void> {
    const answers = getAnswers(answering);
    const clients = this.#log.needsClients()
      ? await this.readClients()
      : undefined;
    if (clients) {
      this.#addAnswers(clients, answers);
    }
    const offset = this.#log.offset + steps;
    const commit = {offset, list, text, time, author, answers};
    await this.#log.append(commit, clients);
  }

  /** Whether what is stored is to be made less, by `compact`. */
  getCompactionNeed(): CompactionNeed {
    return this.#log.getCompactionNeed();
  }

  /** Makes less of what is stored, in steps. */
  compact(): Steps {
    return this.#log.compact();
  }

  #addAnswers(clients: Clients, answers: Clients): void {
    answers.forEach((answer, clientId) =>
      addAnswer(clients, clientId, answer, this.#edge.limits.maxClients),
    );
  }

  async #getBytes(): Promise<Uint8Array> {
    if (this.#store && !this.#isStoreAhead()) {
      return encodeText(this.#store.getJson());
    }
    const last = this.#content;
    const missed =
      last?.epoch === this.epoch
        ? await this.#log.readSince(last.offset)
        : undefined;
    if (!last || !missed) {
      return await this.#log.readBytes();
    }
    // Less to read from storage, which is billed, than all of it again.
    const content: Content = JSON.parse(decodeText(last.bytes));
    applyAllToContent(content, missed.flat());
    return encodeText(JSON.stringify(content));
  }

  #createLog(): RoomLog {
    const {storage, storagePrefix, limits, historyLimit} = this.#edge;
    return new RoomLog(storage, storagePrefix, {...limits, historyLimit});
  }
}
