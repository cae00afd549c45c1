/**
 * The room: in each turn it takes all that has arrived, decides, stores it as
 * one commit and, when that is durable, tells everyone.
 */
import type {Store} from 'tinybase';
import type {Changes, Content} from '../protocol/changes.js';
import {applyToContent} from '../protocol/content.js';
import {Delta, type DeltaList} from '../protocol/delta.js';
import {MAX_ID_LENGTH, type RoomLimits} from '../protocol/limits.js';
import {
  FRAGMENT,
  type FragmentHeader,
  HELLO,
  LEGACY_CHANGES,
  PING,
  PONG,
  PROTOCOL_VERSION,
  PUSH,
  splitFrame,
} from '../protocol/messages.js';
import {parseChanges, parseJson} from '../protocol/parse-changes.js';
import {Audience, type Author} from './audience.js';
import {type Authorised, authorise} from './authorise.js';
import {Fragments} from './fragments.js';
import {Intake} from './intake.js';
import {
  applyToStore,
  compareToStore,
  getSchemaChanges,
  getTransactionChanges,
  setContent,
} from './live-store.js';
import type {Greeting, RoomConnection, RoomEdge} from './room-edge.js';
import {addAnswer, type Clients, RoomLog} from './room-log.js';
import {TurnQueue} from './turn-queue.js';

/** The content as JSON, and where in the room's history it stands. */
export type ContentText = {text: string; epoch: string; offset: number};

export type PutResult = {
  /** Whether the room had a Store already, and keeps it as it is. */
  existed: boolean;
  /** Where the content stands if it was stored exactly as it came. */
  position?: {epoch: string; offset: number};
};

const isEmpty = ([tables, values]: Content | Changes): boolean =>
  !Object.keys(tables).length && !Object.keys(values).length;

export class Room<Connection extends RoomConnection = RoomConnection> {
  readonly #edge: RoomEdge<Connection>;
  readonly #audience: Audience<Connection>;
  readonly #queue: TurnQueue;
  readonly #fragments: Fragments<Connection>;
  readonly #intake: Intake<Connection>;
  /** The latest hello of a connection: only that is answered. */
  readonly #nonces = new WeakMap<Connection, string>();
  /** The last push on a connection since its hello. */
  readonly #lastIds = new WeakMap<Connection, number>();

  // What is known of storage.
  #log: RoomLog;
  #opened = false;
  #store: Store | undefined;
  #clients: Clients | undefined;
  #contentText: ContentText | undefined;

  // The commit that is being put together.
  #delta = new Delta();
  #steps = 0;
  #authors = new Map<Connection, Author<Connection>>();
  #hasOthers = false;
  #without: string[] | undefined;
  #authorising = false;
  /** Told what the transaction that the room itself runs has changed. */
  #onFinish: ((changes: Changes) => void) | undefined;
  /** What listeners of the app have thrown at a push. */
  #thrown: unknown[] = [];

  constructor(edge: RoomEdge<Connection>) {
    this.#edge = edge;
    this.#log = this.#createLog();
    this.#audience = new Audience(edge);
    this.#intake = new Intake(edge.limits);
    this.#fragments = new Fragments({
      limits: edge.limits,
      now: () => edge.now(),
      schedule: (run, delayMs) => edge.schedule(run, delayMs),
      onOverflow: (connection) =>
        this.#audience.retire(connection, 4429, 'Too many fragments'),
    });
    this.#queue = new TurnQueue({
      schedule: (run) => edge.schedule(run),
      begin: () => this.#open(),
      end: () => this.#commit(),
    });
  }

  get limits(): RoomLimits {
    return this.#edge.limits;
  }

  /** The live Store where it is loaded. */
  get store(): Store | undefined {
    return this.#store;
  }

  /** Loads the Store, so that `store` is there. */
  load(): Promise<void> {
    return this.#store
      ? Promise.resolve()
      : this.#queue.run(() => this.#loadStore());
  }

  /** To be called after an app's handler, which may have set its own state. */
  keepGreeting(connection: Connection): void {
    this.#audience.keepGreeting(connection);
  }

  /**
   * Takes a message; resolves when it is dealt with, its commit durable and
   * sent. Answers undefined at once for a message that is not the room's.
   */
  receive(connection: Connection, message: unknown): Promise<void> | undefined {
    const [letter, payload] =
      splitFrame(this.#edge.messagePrefix, message) ?? [];
    if (payload === undefined) {
      return undefined;
    }
    if (this.#audience.isRetired(connection)) {
      return Promise.resolve();
    }
    switch (letter) {
      case PING:
      case PONG:
        return this.answerSign(connection, message)
          ? Promise.resolve()
          : undefined;
      case HELLO: {
        const hello = parseJson(payload);
        return Array.isArray(hello)
          ? this.#receiveHello(connection, hello)
          : undefined;
      }
      case PUSH: {
        const header = /^\[(\d{1,15}),(?=[[{])/.exec(payload);
        return header
          ? this.#receivePush(
              connection,
              +header[1]!,
              payload.slice(header[0].length, -1),
            )
          : undefined;
      }
      case FRAGMENT: {
        const header = /^\[(\d{1,15}),(\d{1,9}),(\d{1,9})\]/.exec(payload);
        return header
          ? this.#receiveFragment(
              connection,
              header.slice(1, 4).map(Number) as FragmentHeader,
              payload.slice(header[0].length),
            )
          : undefined;
      }
      case LEGACY_CHANGES: {
        const changes = parseChanges(parseJson(payload));
        return changes
          ? this.#take(connection, payload, () =>
              this.#push(connection, 0, changes),
            )
          : undefined;
      }
      default:
        return undefined;
    }
  }

  /**
   * Deals with a sign of life, and answers whether a message was one. It takes
   * no turn, and nothing from storage: an idle room is asked for it often.
   */
  answerSign(connection: Connection, message: unknown): boolean {
    const [letter, payload] =
      splitFrame(this.#edge.messagePrefix, message) ?? [];
    const sign = /^\[(?:"(\w{1,64})")?\]$/.exec(payload ?? '');
    if (!sign || (letter != PING && letter != PONG)) {
      return false;
    }
    if (letter == PING) {
      this.#audience.answerPing(connection, sign[0]);
    } else {
      this.#audience.notePong(connection, sign[1] ?? '');
    }
    return true;
  }

  /** Takes a message that has to wait for its turn, if not too much waits. */
  #take(
    connection: Connection,
    text: string,
    run: () => void | Promise<void>,
  ): Promise<void> {
    if (!this.#intake.admit(connection, text)) {
      this.#audience.retire(connection, 4429, 'Too much at once');
      return Promise.resolve();
    }
    return this.#queue.run(() => {
      this.#intake.release(connection, text);
      return this.#audience.isRetired(connection) ? undefined : run();
    }, text.length);
  }

  /**
   * Applies changes of the server's own; resolves when they are told. While the
   * hooks are asked it resolves when they are applied: a hook that waited for
   * more would wait for itself.
   */
  apply(changes: Changes, without: string[] = []): Promise<void> {
    const apply = () => {
      this.#audience.heal.touch(undefined, changes, this.#edge.now());
      this.#hasOthers ||= this.#steps > 0;
      this.#without = without;
      this.#steps++;
      this.#applyChanges(changes);
    };
    if (this.#authorising) {
      apply();
      return Promise.resolve();
    }
    return this.#queue.run(async () => {
      if (this.#needsStore()) {
        await this.#loadStore();
      }
      apply();
    });
  }

  /** The content; undefined where the room has no Store. */
  getContent(): Promise<ContentText | undefined> {
    return this.#queue.run(async () => {
      if (this.#log.epoch && this.#needsStore()) {
        await this.#loadStore();
      }
      do {
        await this.#commit();
        // What the app has written meanwhile is in the Store, but not stored.
      } while (!this.#delta.isEmpty());
      const {epoch, offset} = this.#log;
      const last = this.#contentText;
      if (epoch && (last?.offset !== offset || last.epoch !== epoch)) {
        const text =
          this.#store?.getJson() ??
          JSON.stringify(await this.#log.readContent());
        this.#contentText = {text, epoch, offset};
      }
      return epoch ? this.#contentText : undefined;
    });
  }

  /** Gives a room that has no Store its first content. */
  putContent(content: Content, who: unknown): Promise<PutResult> {
    return this.#queue.run(async () => {
      await this.#commit();
      if (this.#log.epoch) {
        return {existed: true};
      }
      await this.#loadStore();
      const store = this.#store!;
      const hasSchema = store.hasTablesSchema() || store.hasValuesSchema();
      const sent = hasSchema ? structuredClone(content) : undefined;
      const {accepted, refused} = await this.#authorise(content, who, true);
      if (isEmpty(accepted) && !isEmpty(content)) {
        return {existed: false};
      }
      setContent(store, [accepted[0], accepted[1]]);
      await this.#commit(true);
      const {epoch, offset} = this.#log;
      return refused || (sent && getSchemaChanges(store, sent))
        ? {existed: false}
        : {existed: false, position: {epoch, offset}};
    });
  }

  #receiveHello(connection: Connection, hello: unknown[]): Promise<void> {
    const [version, clientId, nonce, epoch, offset] = hello;
    const isId = (id: unknown): id is string =>
      typeof id == 'string' && id.length > 0 && id.length <= MAX_ID_LENGTH;
    if (version !== PROTOCOL_VERSION || !isId(clientId) || !isId(nonce)) {
      this.#audience.retire(
        connection,
        4400,
        'Malformed hello, or another version',
      );
      return Promise.resolve();
    }
    if (!this.#intake.admitHello(connection, this.#edge.now())) {
      this.#audience.retire(connection, 4429, 'Too many hellos');
      return Promise.resolve();
    }
    this.#nonces.set(connection, nonce);
    return this.#runFor(connection, async () => {
      if (this.#nonces.get(connection) != nonce) {
        // It counts on the welcome to its latest hello alone.
        return;
      }
      await this.#commit();
      // The room's own choice: nobody can make it answer to another's.
      const mark = this.#edge.createMark();
      this.#audience.greet(connection, {clientId, mark});
      this.#fragments.forget(connection);
      this.#lastIds.delete(connection);
      this.#clients ??= await this.#log.readClients();
      const delta = await this.#getMissed(epoch, offset);
      this.#audience.welcome(connection, [
        PROTOCOL_VERSION,
        nonce,
        this.#log.epoch,
        this.#log.offset,
        this.#clients.get(clientId) ?? [0],
        delta,
        mark,
      ]);
    });
  }

  /**
   * Does a job for a connection. Where it throws, the client has to come back:
   * what it sent after would otherwise be taken without this.
   */
  #runFor(
    connection: Connection,
    run: () => Promise<void>,
    isInTurn = false,
  ): Promise<void> {
    const guarded = async () => {
      try {
        await run();
      } catch (error) {
        this.#audience.retire(connection, 1011, 'The room could not answer');
        throw error;
      }
    };
    return isInTurn ? guarded() : this.#queue.run(guarded);
  }

  /** What came after a position, or null where only the content tells. */
  async #getMissed(epoch: unknown, offset: unknown): Promise<DeltaList | null> {
    if (!this.#log.epoch) {
      return [];
    }
    const missed =
      epoch === this.#log.epoch && typeof offset == 'number'
        ? await this.#log.readSince(offset)
        : undefined;
    return missed
      ? missed
          .flat()
          .reduce((delta, changes) => delta.add(changes), new Delta())
          .toList()
      : null;
  }

  #receivePush(
    connection: Connection,
    mutationId: number,
    text: string,
  ): Promise<void> {
    const changes =
      text.length > this.limits.maxPushLength
        ? undefined
        : parseChanges(parseJson(text));
    return this.#take(connection, text, () =>
      this.#push(connection, mutationId, changes),
    );
  }

  #receiveFragment(
    connection: Connection,
    header: FragmentHeader,
    piece: string,
  ): Promise<void> {
    const assembled = this.#fragments.add(connection, header, piece);
    if (typeof assembled == 'object') {
      // Too long, it is malformed: refused, in its turn.
      return this.#receivePush(connection, header[0], assembled.text ?? '');
    }
    if (assembled == 'broken') {
      this.#audience.retire(connection, 4400, 'Fragments out of order');
    }
    return Promise.resolve();
  }

  /** Deals with a push; without changes it was malformed. */
  async #push(
    connection: Connection,
    mutationId: number,
    changes: Changes | undefined,
  ): Promise<void> {
    const greeting = mutationId ? this.#audience.recall(connection) : undefined;
    if (mutationId && !greeting) {
      this.#audience.askForHello(connection);
      return;
    }
    if (greeting && !greeting.clientId) {
      return;
    }
    if (changes && (!greeting || this.#needsStore())) {
      // First: loading ends the turn so far, and an author belongs to a turn.
      await this.#runFor(connection, () => this.#loadStore(), true);
    }
    const author = this.#getAuthor(connection, greeting);
    if (greeting && !this.#isNext(author, greeting, mutationId)) {
      return;
    }
    let refused = !changes;
    try {
      if (changes) {
        refused = await this.#applyPush(author, changes);
      }
    } catch (error) {
      refused = true;
      throw error;
    } finally {
      if (refused) {
        author.asSent = false;
        if (changes) {
          author.heal.add(changes);
        }
      }
      this.#answer(author, mutationId, refused);
    }
    if (this.#thrown.length) {
      // Answered by what took effect; the app hears of it all the same.
      throw this.#thrown.splice(0)[0];
    }
  }

  /** Whether a push is new, and none is missing before it. */
  #isNext(
    author: Author<Connection>,
    greeting: Greeting,
    mutationId: number,
  ): boolean {
    const {connection} = author;
    const last = this.#clients?.get(greeting.clientId);
    if (last && mutationId <= last[0]) {
      author.answer = [...last];
      author.asSent = false;
      return false;
    }
    const before = this.#lastIds.get(connection);
    if (before !== undefined && mutationId != before + 1) {
      this.#audience.retire(connection, 4409, 'A push is missing');
      return false;
    }
    this.#lastIds.set(connection, mutationId);
    return true;
  }

  /** Applies what the hooks let through; answers whether any was refused. */
  async #applyPush(
    author: Author<Connection>,
    changes: Changes,
  ): Promise<boolean> {
    const {connection} = author;
    const {accepted, refused} = this.#edge.hasHooks()
      ? await this.#authorise(changes, connection, false)
      : {accepted: changes, refused: false};
    if (this.#audience.heal.touch(connection, accepted, this.#edge.now())) {
      author.heal.add(changes);
    }
    const {inEffect, asSent, happened, thrown} = this.#applyChanges(accepted);
    if (!asSent) {
      author.asSent = false;
      author.heal.add(happened);
    }
    this.#steps += isEmpty(accepted) ? 0 : 1;
    this.#thrown.push(...(thrown ?? []));
    return refused || !inEffect;
  }

  async #authorise(
    changes: Changes | Content,
    who: unknown,
    initialSave: boolean,
  ): Promise<Authorised> {
    if (!this.#edge.hasHooks()) {
      return {accepted: [changes[0], changes[1], 1], refused: false};
    }
    this.#authorising = true;
    try {
      return await authorise(changes, {
        hooks: this.#edge.hooks,
        store: this.#store!,
        who,
        initialSave,
      });
    } finally {
      this.#authorising = false;
    }
  }

  #getAuthor(
    connection: Connection,
    greeting: Greeting | undefined,
  ): Author<Connection> {
    let author = this.#authors.get(connection);
    if (!author) {
      author = {
        connection,
        greeting,
        answer: [0],
        asSent: true,
        heal: new Delta(),
      };
      this.#authors.set(connection, author);
    }
    author.greeting = greeting ?? author.greeting;
    return author;
  }

  #answer(
    author: Author<Connection>,
    mutationId: number,
    refused: boolean,
  ): void {
    if (author.greeting) {
      author.answer[0] = mutationId;
      if (refused) {
        author.answer.push(mutationId);
      }
      if (this.#clients) {
        addAnswer(
          this.#clients,
          author.greeting.clientId,
          refused ? [mutationId, mutationId] : [mutationId],
          this.limits.maxClients,
        );
      }
    }
  }

  /** Applies to the live Store, or only to the delta where it is not loaded. */
  #applyChanges(changes: Changes): {
    inEffect: boolean;
    asSent: boolean;
    happened: Changes;
    /** What a listener of the app has thrown. */
    thrown?: unknown[];
  } {
    const store = this.#store;
    if (!store) {
      this.#delta.add(changes);
      return {inEffect: true, asSent: true, happened: changes};
    }
    const thrown: unknown[] = [];
    let happened: Changes = [{}, {}, 1];
    let isFinished = false;
    this.#onFinish = (finishedChanges) => {
      happened = finishedChanges;
      isFinished = true;
    };
    try {
      applyToStore(store, changes);
    } catch (error) {
      thrown.push(error);
      isFinished = true;
    } finally {
      this.#onFinish = undefined;
    }
    if (!isFinished) {
      // Waiting for the app to finish might be waiting for ourselves.
      const error = new Error(
        'A transaction of getStore() is open across an await: finish it in the ' +
          'same step. The room starts anew from what it has stored.',
      );
      this.#reset(error);
      throw error;
    }
    return {...compareToStore(store, changes, happened), happened, thrown};
  }

  /** Stores what the turn has changed, and then tells everyone. */
  async #commit(isPut = false): Promise<void> {
    try {
      await this.#storeAndTell(isPut);
    } catch (error) {
      this.#reset(error);
      throw error;
    }
  }

  async #storeAndTell(isPut: boolean): Promise<void> {
    const list = this.#delta.toList();
    const authors = this.#authors;
    const telling = {
      list,
      authors,
      text: JSON.stringify(list),
      // Now: what the app writes from here on is not stored with this.
      heals: this.#audience.getHeals(authors, this.#store),
      hasOthers: this.#hasOthers || this.#without !== undefined,
      without: this.#hasOthers || authors.size ? [] : (this.#without ?? []),
    };
    const steps = this.#steps;
    this.#delta = new Delta();
    this.#authors = new Map();
    this.#steps = 0;
    this.#hasOthers = false;
    this.#without = undefined;

    const log = this.#log;
    const isFirst = !log.epoch;
    // An answer that refuses is stored, too: it may be lost on the way.
    const refuses = [...authors.values()].some(({answer}) => answer.length > 1);
    if (isPut || (isFirst && (list.length || steps))) {
      // All of it: a schema may have filled the Store in before.
      telling.list = await this.#create(list);
    } else if (list.length || (refuses && !isFirst)) {
      const answers: Clients = new Map();
      for (const {greeting, answer} of authors.values()) {
        if (greeting && answer[0]) {
          addAnswer(answers, greeting.clientId, answer);
        }
      }
      await log.append(
        log.offset + Math.max(steps, 1),
        telling.text,
        Object.fromEntries(answers),
      );
    } else if (!authors.size) {
      return;
    }
    const {offset} = log;
    if (isFirst && log.epoch) {
      // Who is here had nothing, or a content of its own: all load this one.
      this.#audience.askAllForHello();
    } else {
      this.#audience.tell({...telling, offset});
    }
    this.#audience.tellLegacy({...telling, offset});
    // What the app has written meanwhile is not stored yet: next time, then.
    if (log.needsSnapshot() && this.#delta.isEmpty()) {
      await this.#compact();
    }
  }

  /** Stores the first content of a room that had none; answers all of it. */
  async #create(list: DeltaList): Promise<DeltaList> {
    const log = this.#log;
    let text = this.#store?.getJson();
    if (text === undefined) {
      const content: Content = [{}, {}];
      list.forEach((changes) => applyToContent(content, changes));
      text = JSON.stringify(content);
    }
    const [tables, values] = JSON.parse(text);
    log.epoch = this.#edge.createEpoch();
    log.offset = 1;
    this.#clients ??= new Map();
    await log.snapshot(text, this.#clients);
    return isEmpty([tables, values]) ? [] : [[tables, values, 1]];
  }

  async #compact(): Promise<void> {
    const text =
      this.#store?.getJson() ?? JSON.stringify(await this.#log.readContent());
    this.#clients ??= await this.#log.readClients();
    await this.#log.snapshot(text, this.#clients);
  }

  /**
   * Forgets all that is not stored, after storage has failed: what the live
   * Store holds beyond it must never be seen.
   */
  #reset(error: unknown): void {
    this.#queue.fail(error);
    this.#log = this.#createLog();
    this.#intake.clear();
    this.#opened = false;
    this.#store = this.#clients = this.#contentText = undefined;
    this.#delta = new Delta();
    this.#authors = new Map();
    this.#steps = 0;
    this.#audience.retireAll(1011, 'The room could not use its storage');
  }

  #createLog(): RoomLog {
    const {storage, storagePrefix, limits} = this.#edge;
    return new RoomLog(storage, storagePrefix, limits);
  }

  #needsStore(): boolean {
    return this.#edge.needsStore() || this.#edge.hasHooks();
  }

  async #open(): Promise<void> {
    if (!this.#opened) {
      try {
        await this.#log.open(() => this.#edge.createEpoch());
      } catch (error) {
        this.#reset(error);
        throw error;
      }
      this.#opened = true;
    }
  }

  async #loadStore(): Promise<void> {
    if (this.#store) {
      return;
    }
    // What was applied without the Store has to be stored before it is read.
    await this.#commit();
    const store = this.#edge.createStore();
    if (store.isMergeable()) {
      throw new TypeError(
        'createStore() returned a MergeableStore: a room holds a regular ' +
          'Store, made by createStore() of tinybase.',
      );
    }
    if (this.#log.epoch) {
      const content = await this.#log.readContent();
      const hasSchema = store.hasTablesSchema() || store.hasValuesSchema();
      const stored = hasSchema ? structuredClone(content) : undefined;
      setContent(store, content);
      const changes = stored && getSchemaChanges(store, stored);
      if (changes) {
        this.#delta.add(changes);
        this.#hasOthers = true;
      }
    }
    store.addDidFinishTransactionListener(() =>
      this.#onTransaction(store, getTransactionChanges(store)),
    );
    this.#store = store;
  }

  #onTransaction(store: Store, changes: Changes): void {
    if (store !== this.#store) {
      return;
    }
    const onFinish = this.#onFinish;
    this.#onFinish = undefined;
    this.#delta.add(changes);
    if (onFinish) {
      onFinish(changes);
    } else if (!isEmpty(changes)) {
      // Not a push's doing: the room's own code wrote it.
      this.#hasOthers = true;
      this.#steps++;
      this.#audience.heal.touch(undefined, changes, this.#edge.now());
      // Where storing it fails, the room starts anew.
      this.#queue.run(() => {}).catch(() => {});
    }
  }
}
