/**
 * The room: one queue, in which a turn takes all that has arrived, decides,
 * stores it as one commit and, when that is durable, tells everyone.
 */
import type {Store} from 'tinybase';
import type {Changes, Content} from '../protocol/changes.js';
import {applyToContent} from '../protocol/content.js';
import {Delta, type DeltaList} from '../protocol/delta.js';
import {MAX_FRAGMENTS, MAX_PUSH_LENGTH} from '../protocol/limits.js';
import {
  type Answer,
  COMMIT,
  FRAGMENT,
  HELLO,
  LEGACY_CHANGES,
  PROTOCOL_VERSION,
  PUSH,
  splitFrame,
  WELCOME,
} from '../protocol/messages.js';
import {parseChanges, parseJson} from '../protocol/parse-changes.js';
import {authorise} from './authorise.js';
import {LegacyHeal} from './legacy-heal.js';
import {
  applyToStore,
  compareToStore,
  getSchemaChanges,
  getTransactionChanges,
  getTruth,
  setContent,
} from './live-store.js';
import type {Greeting, RoomConnection, RoomEdge} from './room-edge.js';
import {addAnswer, type Clients, RoomLog} from './room-log.js';

/** The content as JSON, and where in the room's history it stands. */
export type ContentText = {text: string; epoch: string; offset: number};

export type PutResult = {
  /** False where the room has a Store already, or refused all of it. */
  created: boolean;
  existed: boolean;
  /** Where the content stands if it was stored exactly as it came. */
  position?: {epoch: string; offset: number};
};

/** What one connection has pushed in the turn. */
type Author<Connection> = {
  connection: Connection;
  greeting: Greeting | undefined;
  answer: Answer;
  asSent: boolean;
  /** What a legacy client has to be shown again. */
  heal: Delta;
};

type Job = {
  job: () => unknown;
  resolve: (result: unknown) => void;
  reject: (error: unknown) => void;
};

type Fragments = {mutationId: number; pieces: string[]; length: number};

export class Room<Connection extends RoomConnection = RoomConnection> {
  readonly #edge: RoomEdge<Connection>;
  #log: RoomLog;
  #opened = false;
  #store: Store | undefined;
  /** What the transaction that the room itself runs has changed. */
  #happened: Changes | undefined;
  #clients: Clients | undefined;
  readonly #greetings = new WeakMap<Connection, Greeting>();
  /** The last push on a connection since its hello. */
  readonly #lastIds = new WeakMap<Connection, number>();
  readonly #fragments = new WeakMap<Connection, Fragments>();
  /** Connections that may have said hello before the room slept. */
  readonly #asked = new WeakSet<Connection>();
  readonly #heal = new LegacyHeal();
  #contentText: ContentText | undefined;

  #jobs: Job[] = [];
  #running = false;
  /** Why storage has failed in this turn. */
  #failure: {error: unknown} | undefined;

  // The commit that is being put together.
  #delta = new Delta();
  #steps = 0;
  #authors = new Map<Connection, Author<Connection>>();
  /** Connections that show the delta already, unless others wrote too. */
  #without: string[] | undefined;
  #hasOthers = false;

  constructor(edge: RoomEdge<Connection>) {
    this.#edge = edge;
    this.#log = new RoomLog(edge.storage, edge.storagePrefix);
  }

  /** The live Store where it is loaded. */
  get store(): Store | undefined {
    return this.#store;
  }

  /** Loads the Store, so that `store` is there. */
  load(): Promise<void> {
    return this.#run(() => this.#loadStore());
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
    switch (letter) {
      case HELLO: {
        const hello = parseJson(payload);
        return Array.isArray(hello)
          ? this.#receiveHello(connection, hello)
          : undefined;
      }
      case PUSH: {
        const header = /^\[(\d+),/.exec(payload);
        return header
          ? this.#receivePush(
              connection,
              +header[1]!,
              payload.slice(header[0].length, -1),
            )
          : undefined;
      }
      case FRAGMENT: {
        const header = /^\[(\d+),(\d+),(\d+)\]/.exec(payload);
        return header
          ? this.#receiveFragment(
              connection,
              header.slice(1, 4).map(Number) as [number, number, number],
              payload.slice(header[0].length),
            )
          : undefined;
      }
      case LEGACY_CHANGES: {
        const changes = parseChanges(parseJson(payload));
        return changes
          ? this.#run(() => this.#push(connection, 0, changes))
          : undefined;
      }
      default:
        return undefined;
    }
  }

  /** Applies changes of the server's own; resolves when they are told. */
  apply(changes: Changes, without: string[] = []): Promise<void> {
    return this.#run(() => {
      this.#heal.touch(undefined, changes, this.#edge.now());
      this.#applyChanges(changes);
      this.#hasOthers ||= this.#steps > 0;
      this.#without = without;
      this.#steps++;
    });
  }

  /** The content; undefined where the room has no Store. */
  getContent(): Promise<ContentText | undefined> {
    return this.#run(async () => {
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
        this.#contentText = {
          text:
            this.#store?.getJson() ??
            JSON.stringify(await this.#log.readContent()),
          epoch,
          offset,
        };
      }
      return epoch ? this.#contentText : undefined;
    });
  }

  /** Gives a room that has no Store its first content. */
  putContent(content: Content, who: unknown): Promise<PutResult> {
    return this.#run(async () => {
      await this.#commit();
      if (this.#log.epoch) {
        return {created: false, existed: true};
      }
      await this.#loadStore();
      const store = this.#store!;
      const hasSchema = store.hasTablesSchema() || store.hasValuesSchema();
      const sent = hasSchema ? structuredClone(content) : undefined;
      const {accepted, refused} = this.#edge.hasHooks()
        ? await authorise(content, {
            hooks: this.#edge.hooks,
            store,
            who,
            initialSave: true,
          })
        : {accepted: content, refused: false};
      const isEmpty = ([tables, values]: Content | Changes) =>
        !Object.keys(tables).length && !Object.keys(values).length;
      if (isEmpty(accepted) && !isEmpty(content)) {
        return {created: false, existed: false};
      }
      setContent(store, [accepted[0], accepted[1]]);
      await this.#commit(true);
      const isAsSent = !refused && !(sent && getSchemaChanges(store, sent));
      const {epoch, offset} = this.#log;
      return {
        created: true,
        existed: false,
        ...(isAsSent ? {position: {epoch, offset}} : {}),
      };
    });
  }

  #receiveHello(connection: Connection, hello: unknown[]): Promise<void> {
    const [version, clientId, mark, epoch, offset] = hello;
    if (
      version !== PROTOCOL_VERSION ||
      typeof clientId != 'string' ||
      typeof mark != 'string' ||
      !mark ||
      clientId.length > 64 ||
      mark.length > 64
    ) {
      this.#edge.close(
        connection,
        4400,
        'Malformed hello, or another protocol version',
      );
      return Promise.resolve();
    }
    return this.#run(async () => {
      await this.#commit();
      const greeting = {clientId, mark};
      this.#retireOthers(connection, clientId);
      this.#greetings.set(connection, greeting);
      this.#edge.remember(connection, greeting);
      this.#fragments.delete(connection);
      this.#lastIds.delete(connection);
      this.#clients ??= await this.#log.readClients();
      const log = this.#log;
      let deltas: DeltaList | null = [];
      if (log.epoch) {
        const missed =
          epoch === log.epoch && typeof offset == 'number'
            ? await log.readSince(offset)
            : undefined;
        deltas = missed
          ? missed
              .flat()
              .reduce((delta, changes) => delta.add(changes), new Delta())
              .toList()
          : null;
      }
      this.#edge.send(
        connection,
        this.#frame(WELCOME, [
          PROTOCOL_VERSION,
          mark,
          log.epoch,
          log.offset,
          this.#clients.get(clientId) ?? [0],
          deltas,
        ]),
      );
    });
  }

  /**
   * Takes no more pushes from connections that the client has left: what is
   * still on the way there it sends again here.
   */
  #retireOthers(connection: Connection, clientId: string): void {
    for (const other of this.#edge.getConnections()) {
      const greeting = this.#recall(other);
      if (other !== connection && greeting?.clientId === clientId) {
        const retired = {clientId: '', mark: ''};
        this.#greetings.set(other, retired);
        this.#edge.remember(other, retired);
        this.#edge.close(other, 4408, 'The client has another connection');
      }
    }
  }

  #receivePush(
    connection: Connection,
    mutationId: number,
    text: string,
  ): Promise<void> {
    const changes = parseChanges(parseJson(text));
    return this.#run(() => this.#push(connection, mutationId, changes));
  }

  #receiveFragment(
    connection: Connection,
    [mutationId, index, count]: [number, number, number],
    piece: string,
  ): Promise<void> {
    const fragments =
      index > 0
        ? this.#fragments.get(connection)
        : {mutationId, pieces: [], length: 0};
    if (
      fragments?.mutationId !== mutationId ||
      fragments.pieces.length != index ||
      count > MAX_FRAGMENTS ||
      (fragments.length += piece.length) > MAX_PUSH_LENGTH
    ) {
      this.#fragments.delete(connection);
      this.#edge.close(connection, 4400, 'Fragments out of order, or too many');
      return Promise.resolve();
    }
    fragments.pieces.push(piece);
    this.#fragments.set(connection, fragments);
    if (fragments.pieces.length < count) {
      return Promise.resolve();
    }
    this.#fragments.delete(connection);
    return this.#receivePush(connection, mutationId, fragments.pieces.join(''));
  }

  /** Deals with a push; without changes it was malformed. */
  async #push(
    connection: Connection,
    mutationId: number,
    changes: Changes | undefined,
  ): Promise<void> {
    const greeting = mutationId ? this.#recall(connection) : undefined;
    if (mutationId && !greeting) {
      this.#askForHello(connection);
      return;
    }
    if (greeting && !greeting.clientId) {
      return;
    }
    const author = this.#getAuthor(connection, greeting);
    if (greeting) {
      const last = this.#clients?.get(greeting.clientId)?.[0] ?? 0;
      if (mutationId <= last) {
        author.answer = [last];
        author.asSent = false;
        return;
      }
      const before = this.#lastIds.get(connection);
      if (before !== undefined && mutationId != before + 1) {
        this.#edge.close(connection, 4409, 'A push is missing');
        return;
      }
      this.#lastIds.set(connection, mutationId);
    }
    let refused = !changes;
    if (changes) {
      if (!greeting || this.#needsStore()) {
        await this.#loadStore();
      }
      let accepted: Changes = changes;
      if (this.#edge.hasHooks()) {
        try {
          ({accepted, refused} = await authorise(changes, {
            hooks: this.#edge.hooks,
            store: this.#store!,
            who: connection,
            initialSave: false,
          }));
        } catch (error) {
          this.#answer(author, mutationId, true);
          author.asSent = false;
          author.heal.add(changes);
          throw error;
        }
      }
      const contested = this.#heal.touch(
        connection,
        accepted,
        this.#edge.now(),
      );
      const {inEffect, asSent} = this.#applyChanges(accepted);
      refused ||= !inEffect;
      author.asSent &&= asSent && !refused;
      if (contested || refused) {
        author.heal.add(changes);
      }
      this.#steps++;
    } else {
      author.asSent = false;
    }
    this.#answer(author, mutationId, refused);
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
      const [, ...refusedIds] = author.answer;
      author.answer = [
        mutationId,
        ...(refused ? [...refusedIds, mutationId] : refusedIds),
      ];
      if (this.#clients) {
        addAnswer(this.#clients, author.greeting.clientId, author.answer);
      }
    }
  }

  /** Applies to the live Store, or only to the delta where it is not loaded. */
  #applyChanges(changes: Changes): {inEffect: boolean; asSent: boolean} {
    if (!this.#store) {
      this.#delta.add(changes);
      return {inEffect: true, asSent: true};
    }
    const nothing: Changes = [{}, {}, 1];
    this.#happened = nothing;
    try {
      applyToStore(this.#store, changes);
      return compareToStore(this.#store, changes, this.#happened);
    } finally {
      this.#happened = undefined;
    }
  }

  /** Stores what the turn has changed, and then tells everyone. */
  async #commit(isPut = false): Promise<void> {
    try {
      await this.#storeAndTell(isPut);
    } catch (error) {
      this.#failure = {error};
      this.#reset();
      throw error;
    }
  }

  async #storeAndTell(isPut: boolean): Promise<void> {
    const list = this.#delta.toList();
    const authors = this.#authors;
    const without = this.#hasOthers || authors.size ? [] : this.#without;
    const hasOthers = this.#hasOthers || this.#without !== undefined;
    const steps = this.#steps;
    this.#delta = new Delta();
    this.#authors = new Map();
    this.#steps = 0;
    this.#hasOthers = false;
    this.#without = undefined;
    if (list.length || isPut) {
      const log = this.#log;
      if (!log.epoch) {
        await this.#create(list);
        this.#tellLegacy(list, authors, without);
        return;
      }
      const answers: Clients = new Map();
      for (const {greeting, answer} of authors.values()) {
        if (greeting && answer[0]) {
          addAnswer(answers, greeting.clientId, answer);
        }
      }
      const text = JSON.stringify(list);
      await log.append(
        log.offset + Math.max(steps, 1),
        text,
        Object.fromEntries(answers),
      );
      this.#tell(text, authors, hasOthers);
      this.#tellLegacy(list, authors, without);
      // What the app has written meanwhile is not stored yet: next time, then.
      if (log.needsSnapshot() && this.#delta.isEmpty()) {
        await this.#compact();
      }
    } else if (authors.size) {
      this.#tell('[]', authors, hasOthers, true);
      this.#tellLegacy(list, authors, without);
    }
  }

  /** Stores the first content of a room that had none. */
  async #create(list: DeltaList): Promise<void> {
    const log = this.#log;
    let text = this.#store?.getJson();
    if (text === undefined) {
      const content: Content = [{}, {}];
      list.forEach((changes) => applyToContent(content, changes));
      text = JSON.stringify(content);
    }
    log.epoch = this.#edge.createId();
    log.offset = 1;
    this.#clients ??= new Map();
    await log.snapshot(text, this.#clients);
    // Who is here had nothing, or a content of its own: all load this one.
    for (const connection of this.#edge.getConnections()) {
      this.#askForHello(connection);
    }
  }

  async #compact(): Promise<void> {
    const text =
      this.#store?.getJson() ?? JSON.stringify(await this.#log.readContent());
    this.#clients ??= await this.#log.readClients();
    await this.#log.snapshot(text, this.#clients);
  }

  #tell(
    deltaText: string,
    authors: Map<Connection, Author<Connection>>,
    hasOthers: boolean,
    authorsOnly = false,
  ): void {
    const {offset} = this.#log;
    const greeted = [...authors.values()].filter(
      ({greeting, answer}) => greeting && answer[0],
    );
    const getAnswers = (of: Author<Connection>[]) =>
      JSON.stringify(
        Object.fromEntries(
          of.map(({greeting, answer}) => [greeting!.mark, answer]),
        ),
      );
    const [sole] = greeted;
    if (authors.size == 1 && sole?.asSent && !hasOthers) {
      this.#edge.send(
        sole.connection,
        this.#frameText(COMMIT, `[${offset},0,${getAnswers([sole])}]`),
      );
      if (!authorsOnly) {
        this.#broadcast(
          this.#frameText(COMMIT, `[${offset},${deltaText}]`),
          sole.connection,
        );
      }
    } else {
      const frame = this.#frameText(
        COMMIT,
        `[${offset},${deltaText},${getAnswers(greeted)}]`,
      );
      if (authorsOnly) {
        greeted.forEach(({connection}) => this.#edge.send(connection, frame));
      } else {
        this.#broadcast(frame);
      }
    }
  }

  /** Makes a client say hello (again); one of TinyBase's takes no notice. */
  #askForHello(connection: Connection): void {
    this.#edge.send(connection, this.#frame(WELCOME, [PROTOCOL_VERSION, '']));
  }

  /** Sends a frame to every connection that has said hello. */
  #broadcast(frame: string, except?: Connection): void {
    for (const connection of this.#edge.getConnections()) {
      if (connection !== except && this.#recall(connection)) {
        this.#edge.send(connection, frame);
      }
    }
  }

  /** Tells those who never said hello, in TinyBase's own frames. */
  #tellLegacy(
    list: DeltaList,
    authors: Map<Connection, Author<Connection>>,
    without: string[] = [],
  ): void {
    let frames: string[] | undefined;
    const send = (connection: Connection, texts: string[]) =>
      texts.forEach((text) => this.#edge.send(connection, text));
    const getFrames = (changes: Changes[]) =>
      changes.map((one) => this.#frame(LEGACY_CHANGES, one));
    for (const connection of this.#edge.getConnections()) {
      if (this.#recall(connection)) {
        continue;
      }
      if (!this.#asked.has(connection)) {
        this.#asked.add(connection);
        this.#askForHello(connection);
      }
      const author = authors.get(connection);
      if (!author || authors.size > 1) {
        if (list.length && !without.includes(connection.id)) {
          send(connection, (frames ??= getFrames(list)));
        }
        if (author) {
          // An echo may be older than what it has written meanwhile.
          list.forEach((changes) =>
            this.#heal.touch(connection, changes, this.#edge.now(), true),
          );
        }
      }
      const heal = author?.heal.toList() ?? [];
      if (heal.length && this.#store) {
        const store = this.#store;
        const truth = heal
          .flatMap((changes) => getTruth(store, changes))
          .reduce((delta, changes) => delta.add(changes), new Delta());
        send(connection, getFrames(truth.toList()));
      }
    }
  }

  #recall(connection: Connection): Greeting | undefined {
    let greeting = this.#greetings.get(connection);
    if (!greeting) {
      greeting = this.#edge.recall(connection);
      if (greeting) {
        this.#greetings.set(connection, greeting);
      }
    }
    return greeting;
  }

  #needsStore(): boolean {
    return this.#edge.needsStore() || this.#edge.hasHooks();
  }

  async #open(): Promise<void> {
    if (!this.#opened) {
      await this.#log.open(() => this.#edge.createId());
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
      setContent(store, structuredClone(content));
      if (store.hasTablesSchema() || store.hasValuesSchema()) {
        const changes = getSchemaChanges(store, content);
        if (changes) {
          this.#delta.add(changes);
          this.#hasOthers = true;
        }
      }
    }
    store.addDidFinishTransactionListener(() => {
      const changes = getTransactionChanges(store);
      this.#delta.add(changes);
      if (this.#happened) {
        this.#happened = changes;
      } else if (Object.keys({...changes[0], ...changes[1]}).length) {
        // Not a push's doing: the room's own code wrote it.
        this.#hasOthers = true;
        this.#steps++;
        this.#heal.touch(undefined, changes, this.#edge.now());
        // Where storing it fails, the room starts anew.
        this.#run(() => {}).catch(() => {});
      }
    });
    this.#store = store;
  }

  #frame(letter: string, message: unknown): string {
    return this.#frameText(letter, JSON.stringify(message));
  }

  #frameText(letter: string, text: string): string {
    return this.#edge.messagePrefix + letter + text;
  }

  /** Does a job in the next turn; resolves when the turn's commit is told. */
  #run<Result>(job: () => Result | Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({job, resolve: resolve as any, reject});
      if (!this.#running) {
        this.#running = true;
        this.#edge.schedule(() => void this.#takeTurns());
      }
    });
  }

  async #takeTurns(): Promise<void> {
    while (this.#jobs.length) {
      const jobs = this.#jobs;
      const settle: (() => void)[] = [];
      this.#jobs = [];
      this.#failure = undefined;
      try {
        await this.#open();
        for (const {job, resolve, reject} of jobs) {
          try {
            const result = job();
            const settled = result instanceof Promise ? await result : result;
            settle.push(() => resolve(settled));
          } catch (error) {
            settle.push(() => reject(error));
          }
          if (this.#failure) {
            break;
          }
        }
        await this.#commit();
      } catch (error) {
        this.#failure ??= {error};
      }
      const failure = this.#failure as {error: unknown} | undefined;
      if (failure) {
        jobs.forEach(({reject}) => reject(failure.error));
      } else {
        settle.forEach((run) => run());
      }
      if (this.#jobs.length) {
        await new Promise<void>((resolve) => this.#edge.schedule(resolve));
      }
    }
    this.#running = false;
  }

  /**
   * Forgets all that is not stored, after storage has failed: what the live
   * Store holds beyond it must never be seen. Clients say hello again.
   */
  #reset(): void {
    this.#log = new RoomLog(this.#edge.storage, this.#edge.storagePrefix);
    this.#opened = false;
    this.#store = this.#clients = this.#contentText = undefined;
    this.#delta = new Delta();
    this.#authors = new Map();
    this.#steps = 0;
    for (const connection of this.#edge.getConnections()) {
      if (this.#recall(connection)) {
        this.#edge.close(connection, 1011, 'The room could not store a change');
      }
    }
  }
}
