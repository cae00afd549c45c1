/**
 * The room: in each turn it takes all that has arrived, decides, stores it as
 * one commit and, when that is durable, tells everyone.
 */
import type {Store} from 'tinybase';
import {type Changes, type Content, isEmpty} from '../protocol/changes.js';
import {isCompact} from '../protocol/content.js';
import type {RoomLimits} from '../protocol/limits.js';
import {type FragmentHeader, PROTOCOL_VERSION} from '../protocol/messages.js';
import {parseChanges, parseJson} from '../protocol/parse-changes.js';
import type {DeltaList} from '../protocol/delta.js';
import {Audience, type Author} from './audience.js';
import {type Authorised, authorise} from './authorise.js';
import {Compactor} from './compactor.js';
import {Draft} from './draft.js';
import {Fragments} from './fragments.js';
import {Intake} from './intake.js';
import {
  applyToStore,
  compareToStore,
  getCorrection,
  getSchemaChanges,
  getTransactionChanges,
  setContent,
} from './live-store.js';
import {type Greeter, parseFrame, parseSign, type Sign} from './parse-frame.js';
import type {Greeting, RoomConnection, RoomEdge} from './room-edge.js';
import {addAnswer} from './storage/clients.js';
import {type Position, RoomState, type StoredContent} from './room-state.js';
import {TurnQueue} from './turn-queue.js';

/** Who is told of commits, beside those connected. */
export type Follower = {
  /** The room wakes, and finds where it stands; its first turn waits for this. */
  onOpen?(opened: Promise<RoomPosition>): Promise<void>;
  /**
   * A commit is about to be stored, after this position: what is written to
   * storage at once is there when the commit is. It must not throw.
   */
  onStore?(position: RoomPosition): void;
  /** One has become durable. It must not throw, and nothing waits for it. */
  onCommit(commit: FollowedCommit): void;
  /** The room starts anew from storage: what it has told counts all the same. */
  onReset?(): void;
};

/** Where a room stands; without a Store its epoch is empty. */
export type RoomPosition = {epoch: string; offset: number};

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
};

export type PutResult = {
  /** Whether the room had a Store already, and keeps it as it is. */
  existed: boolean;
  /** Where the content stands if it was stored exactly as it came. */
  position?: Position;
  /** Where the room stands if it may not be written to there. */
  unmet?: Position;
};

export type PatchOptions = {
  /** Whose changes they are, for the hooks. */
  who: unknown;
  /** How much of a turn they take up, in UTF-16 units. */
  length: number;
  /** Whether they may be applied where the room stands. */
  isMet?: ((position: Position) => boolean) | undefined;
};

export type PatchResult = {
  /** Where the room stands; in the commit with the changes, if there are any. */
  position: Position;
  /** How much of the changes took effect; 'unmet' where they may not. */
  effect: 'all' | 'some' | 'none' | 'unmet';
  /** What the room has where they did not take effect. */
  correction?: Changes;
  /** Whether the content there is the one that was met, with the changes. */
  isExact?: boolean;
};

const createResetError = (): Error =>
  new Error('The room has started anew from what it has stored: try again.');

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

  readonly #compactor: Compactor;

  readonly #state: RoomState;
  readonly #followers = new Set<Follower>();
  #draft = new Draft<Connection>();
  /** To be told where the next commit stands. */
  #positions: Position[] = [];
  /** How often all that was not stored had to be forgotten. */
  #resets = 0;
  /** Where the hooks are being asked: how often it had started anew before. */
  #authorising: {resets: number} | undefined;
  /** Told what the transaction that the room itself runs has changed. */
  #onFinish: ((changes: Changes) => void) | undefined;
  /** What listeners of the app have thrown at a push. */
  #thrown: unknown[] = [];

  constructor(edge: RoomEdge<Connection>) {
    this.#edge = edge;
    this.#state = new RoomState(edge);
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
      // One that wakes has to wait for its storage anyway.
      schedule: (run) => (this.#state.isOpen ? edge.schedule(run) : run()),
      begin: () => this.#open(),
      end: () => this.#commit(),
    });
    this.#compactor = new Compactor(edge, {
      getNeed: () => this.#state.getCompactionNeed(),
      compact: () => this.#state.compact(),
      runAlone: (run) => this.#queue.run(run),
      getResets: () => this.#resets,
      onFailure: (error, resets) =>
        this.#queue
          .run(() => {
            if (resets == this.#resets) {
              this.#reset(error);
            }
          })
          .catch(() => {}),
    });
  }

  get limits(): RoomLimits {
    return this.#edge.limits;
  }

  /** Whether it has a live feed over HTTP. */
  get hasFeed(): boolean {
    return this.#edge.hasFeed;
  }

  /** Whether it tells its history over HTTP. */
  get hasHistory(): boolean {
    return this.#edge.historyLimit !== 0;
  }

  /** The live Store where it is loaded. */
  get store(): Store | undefined {
    return this.#state.store;
  }

  /** Loads the Store, so that `store` is there. */
  load(): Promise<void> {
    return this.#state.store
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
    const frame = parseFrame(this.#edge.messagePrefix, message);
    if (!frame) {
      return undefined;
    }
    if (this.#audience.isRetired(connection)) {
      return Promise.resolve();
    }
    switch (frame.kind) {
      case 'push':
        return this.#receivePush(connection, frame.mutationId, frame.text);
      case 'fragment':
        return this.#receiveFragment(connection, frame.header, frame.text);
      case 'legacy':
        return this.#take(connection, frame.text, () =>
          this.#push(connection, 0, frame.changes),
        );
      case 'hello':
        return this.#receiveHello(connection, frame.greeter);
      default:
        this.#answerSign(connection, frame);
        return Promise.resolve();
    }
  }

  /**
   * Deals with a sign of life, and answers whether a message was one. It takes
   * no turn, and nothing from storage: an idle room is asked for it often.
   */
  receiveSign(connection: Connection, message: unknown): boolean {
    const sign = parseSign(this.#edge.messagePrefix, message);
    if (sign) {
      this.#answerSign(connection, sign);
    }
    return !!sign;
  }

  #answerSign(connection: Connection, sign: Sign): void {
    if (sign.kind == 'ping') {
      this.#audience.answerPing(connection, sign.payload);
    } else {
      this.#audience.notePong(connection, sign.token);
    }
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
    const resets = this.#resets;
    return this.#queue.run(() => {
      this.#intake.release(connection, text);
      // What came before on this connection may be gone with a reset: its client
      // sends all of it again. TinyBase's own would not.
      const isGone =
        resets != this.#resets && this.#audience.recall(connection);
      return isGone || this.#audience.isRetired(connection) ? undefined : run();
    }, text.length);
  }

  /**
   * Applies changes of the server's own; resolves when they are told. While the
   * hooks are asked it resolves when they are applied: a hook that waited for
   * more would wait for itself.
   */
  async apply(changes: Changes, without: string[] = []): Promise<void> {
    const apply = () => {
      this.#audience.touch(undefined, changes);
      this.#draft.spare(without);
      this.#applyChanges(changes);
    };
    if (!this.#authorising) {
      return await this.#queue.run(async () => {
        if (this.#needsStore()) {
          await this.#loadStore();
        }
        apply();
      });
    }
    if (this.#authorising.resets != this.#resets) {
      throw createResetError();
    }
    apply();
  }

  /** The content; undefined where the room has no Store. */
  getContent(): Promise<StoredContent | undefined> {
    return this.read((state) => state.getContent());
  }

  /**
   * Reads what is stored, while no commit is under way: all that came before is
   * in it, and what comes after the followers are told.
   */
  read<Result>(run: (state: RoomState) => Promise<Result>): Promise<Result> {
    return this.#queue.run(async () => {
      if (this.#state.epoch && this.#needsStore()) {
        await this.#loadStore();
      }
      do {
        await this.#commit();
        // What the app has written meanwhile is in the Store, but not stored.
      } while (!this.#draft.isEmpty);
      return await run(this.#state);
    });
  }

  /** Tells of each commit from now on; answers how to end that. */
  follow(follower: Follower): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /** Runs after a delay, until when it stays awake; answers how to cancel it. */
  schedule(run: () => void, delayMs: number): () => void {
    return this.#edge.schedule(run, delayMs);
  }

  /** Gives a room that has no Store its first content. */
  putContent(
    content: Content,
    who: unknown,
    isMet?: PatchOptions['isMet'],
  ): Promise<PutResult> {
    return this.#queue.run(async () => {
      await this.#commit();
      if (isMet && !isMet(this.#state)) {
        return {existed: !!this.#state.epoch, unmet: this.#getPosition()};
      }
      if (this.#state.epoch) {
        return {existed: true};
      }
      if (!this.#needsStore() && !this.#state.store && isCompact(content)) {
        await this.#commit(content);
        const {epoch, offset} = this.#state;
        return {existed: false, position: {epoch, offset}};
      }
      await this.#loadStore();
      const store = this.#state.store!;
      const hasSchema = store.hasTablesSchema() || store.hasValuesSchema();
      const sent = hasSchema ? structuredClone(content) : undefined;
      const {accepted, refused} = await this.#authorise(content, who, true);
      if (refused && isEmpty(accepted)) {
        return {existed: false};
      }
      setContent(store, [accepted[0], accepted[1]]);
      await this.#commit([{}, {}]);
      const {epoch, offset} = this.#state;
      return refused || (sent && getSchemaChanges(store, sent))
        ? {existed: false}
        : {existed: false, position: {epoch, offset}};
    });
  }

  /** Applies changes as a push, for somebody who is not connected. */
  patchContent(
    changes: Changes,
    {who, length, isMet}: PatchOptions,
  ): Promise<PatchResult> {
    return this.#queue.run(async () => {
      if (this.#needsStore()) {
        await this.#loadStore();
      }
      let authorised: Authorised | undefined;
      // What has to be met is looked at before the hooks are asked, and again in
      // one step with the changes: the app may have written in between.
      for (;;) {
        if (isMet) {
          do {
            await this.#commit();
          } while (!this.#draft.isEmpty);
          if (!isMet(this.#state)) {
            return {position: this.#getPosition(), effect: 'unmet'};
          }
        }
        if (authorised) {
          break;
        }
        authorised = await this.#authorise(changes, who, false);
      }
      const result = this.#applyPatch(changes, authorised);
      const position = this.#getPosition();
      this.#positions.push(position);
      if (isMet) {
        // What comes after must not hide behind the same position.
        await this.#commit();
      }
      return {
        ...result,
        position,
        isExact: isMet !== undefined && result.isExact,
      };
    }, length);
  }

  #applyPatch(
    changes: Changes,
    {accepted, refused}: Authorised,
  ): Pick<PatchResult, 'effect' | 'correction'> & {isExact: boolean} {
    this.#audience.touch(undefined, accepted);
    const {inEffect, asSent, happened, thrown} = this.#applyChanges(accepted);
    const isExact = asSent && !refused;
    if (!isEmpty(happened)) {
      this.#draft.noteOthers();
    }
    const corrected =
      refused || !inEffect
        ? getCorrection(this.#state.store!, changes)
        : undefined;
    const isRefused = !!corrected?.isNone && isEmpty(happened);
    if (!isRefused) {
      this.#draft.countStep(accepted);
    }
    if (thrown?.length) {
      // Whatever took effect, the app is to hear of it.
      throw thrown[0];
    }
    return corrected
      ? {
          effect: isRefused ? 'none' : 'some',
          correction: corrected.correction,
          isExact,
        }
      : {effect: 'all', isExact};
  }

  #getPosition(): Position {
    const {epoch, offset} = this.#state;
    return {epoch, offset};
  }

  #receiveHello(
    connection: Connection,
    greeter: Greeter | undefined,
  ): Promise<void> {
    if (!greeter) {
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
    const {clientId, nonce, epoch, offset} = greeter;
    this.#nonces.set(connection, nonce);
    return this.#runFor(connection, async () => {
      const isLatest = this.#nonces.get(connection) == nonce;
      if (!isLatest || this.#audience.isRetired(connection)) {
        // It counts on the welcome to its latest hello alone.
        return;
      }
      await this.#commit();
      // The room's own choice: nobody can make it answer to another's.
      const mark = this.#edge.createMark();
      this.#audience.greet(connection, {clientId, mark});
      this.#fragments.forget(connection);
      this.#lastIds.delete(connection);
      const clients = await this.#state.readClients();
      const delta = await this.#state.readMissed(epoch, offset);
      this.#audience.welcome(connection, [
        PROTOCOL_VERSION,
        nonce,
        this.#state.epoch,
        this.#state.offset,
        clients.get(clientId) ?? [0],
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
    const author = this.#draft.getAuthor(connection, greeting);
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
    const last = this.#state.clients?.get(greeting.clientId);
    const before = this.#lastIds.get(connection);
    if (last && mutationId <= last[0]) {
      author.answer = [...last];
      author.asSent = false;
      this.#lastIds.set(connection, Math.max(before ?? 0, mutationId));
      return false;
    }
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
    if (this.#audience.touch(connection, accepted)) {
      author.heal.add(changes);
    }
    const {inEffect, asSent, happened, thrown} = this.#applyChanges(accepted);
    if (!asSent) {
      author.asSent = false;
      author.heal.add(happened);
    }
    this.#draft.countStep(accepted);
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
    const resets = this.#resets;
    this.#authorising = {resets};
    try {
      const authorised = await authorise(changes, {
        hooks: this.#edge.hooks,
        store: this.#state.store!,
        who,
        initialSave,
      });
      if (resets != this.#resets) {
        // A hook may have swallowed why: this Store is not the room's any more.
        throw createResetError();
      }
      return authorised;
    } finally {
      this.#authorising = undefined;
    }
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
      if (this.#state.clients) {
        addAnswer(
          this.#state.clients,
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
    const {store} = this.#state;
    if (!store) {
      this.#draft.add(changes);
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

  /**
   * Stores what the turn has changed, and then tells everyone; of a PUT that its
   * content came first, unless the Store has it already.
   */
  async #commit(put?: Content): Promise<void> {
    const positions = this.#positions.splice(0);
    try {
      await this.#storeAndTell(put);
    } catch (error) {
      this.#reset(error);
      throw error;
    }
    positions.forEach((position) =>
      Object.assign(position, this.#getPosition()),
    );
    void this.#compactor.compact();
  }

  async #storeAndTell(put: Content | undefined): Promise<void> {
    const {steps, ...drafted} = this.#draft.take();
    const {list, authors} = drafted;
    const telling = {
      ...drafted,
      text: JSON.stringify(list),
      time: this.#edge.now(),
      // Now: what the app writes from here on is not stored with this.
      heals: this.#audience.getHeals(authors, this.#state.store),
    };
    const isFirst = !this.#state.epoch;
    const after = this.#state.offset;
    // An answer that refuses is stored, too: it may be lost on the way.
    const refuses = [...authors.values()].some(({answer}) => answer.length > 1);
    const isCreated = !!put || (isFirst && (list.length > 0 || steps > 0));
    if (isCreated || list.length || (refuses && !isFirst)) {
      const position = {epoch: this.#state.epoch, offset: after};
      this.#followers.forEach((follower) => follower.onStore?.(position));
    }
    if (isCreated) {
      // All of it: a schema may have filled the Store in before.
      telling.list = await this.#state.create(telling, put);
    } else if (list.length || (refuses && !isFirst)) {
      await this.#state.append(Math.max(steps, 1), telling);
    } else if (!authors.size) {
      return;
    }
    const {epoch, offset} = this.#state;
    this.#audience.announce({...telling, offset}, isFirst && !!epoch);
    if (offset > after) {
      const {list: changed, time} = telling;
      this.#followers.forEach((follower) =>
        follower.onCommit({epoch, offset, after, list: changed, time}),
      );
    }
  }

  /**
   * Forgets all that is not stored, after storage has failed: what the live
   * Store holds beyond it must never be seen.
   */
  #reset(error: unknown): void {
    this.#queue.fail(error);
    this.#resets++;
    this.#state.forget();
    this.#intake.clear();
    this.#draft = new Draft();
    this.#followers.forEach((follower) => follower.onReset?.());
    this.#audience.retireAll(1011, 'The room could not use its storage');
  }

  #needsStore(): boolean {
    return this.#edge.needsStore() || this.#edge.hasHooks();
  }

  async #open(): Promise<void> {
    try {
      await (this.#state.isOpen ? undefined : this.#openState());
    } catch (error) {
      this.#reset(error);
      throw error;
    }
  }

  async #openState(): Promise<void> {
    const opened = this.#state.open().then(() => {
      const {epoch, offset} = this.#state;
      return {epoch, offset};
    });
    await Promise.all([
      opened,
      ...[...this.#followers].map((follower) => follower.onOpen?.(opened)),
    ]);
  }

  async #loadStore(): Promise<void> {
    if (!this.#state.store) {
      // What was applied without it has to be stored before it is read.
      await this.#commit();
      const changes = await this.#state.loadStore();
      if (changes) {
        this.#draft.add(changes);
        this.#draft.noteOthers();
      }
      const store = this.#state.store!;
      store.addDidFinishTransactionListener(() =>
        this.#onTransaction(store, getTransactionChanges(store)),
      );
    }
  }

  #onTransaction(store: Store, changes: Changes): void {
    if (store !== this.#state.store) {
      return;
    }
    const onFinish = this.#onFinish;
    this.#onFinish = undefined;
    this.#draft.add(changes);
    if (onFinish) {
      onFinish(changes);
    } else if (!isEmpty(changes)) {
      // Not a push's doing: the room's own code wrote it.
      this.#draft.noteOthers();
      this.#draft.countStep(changes);
      this.#audience.touch(undefined, changes);
      // Where storing it fails, the room starts anew.
      this.#queue.run(() => {}).catch(() => {});
    }
  }
}
