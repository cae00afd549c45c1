/**
 * What happens in a room's turns: changes are authorised and applied, stored as
 * one commit and, when that is durable, told to everyone. Where storing fails, all
 * that is not stored is forgotten.
 */
import type {Store} from 'tinybase';
import {type Changes, type Content, isEmpty} from '../protocol/changes.js';
import type {Audience} from './audience.js';
import {type Authorised, authorise} from './authorise.js';
import {Compactor} from './compactor.js';
import {Draft} from './draft.js';
import type {Follower} from './follower.js';
import {
  applyToStore,
  compareToStore,
  getTransactionChanges,
} from './live-store.js';
import {AwayError} from './move/away-error.js';
import type {Residence} from './move/residence.js';
import {parseAuthor} from './parse-author.js';
import type {RoomConnection, RoomEdge} from './room-edge.js';
import {type Position, RoomState} from './room-state.js';
import type {Clients} from './storage/clients.js';
import {TurnQueue} from './turn-queue.js';
import type {MaybePromise} from './verdicts.js';

/** How often the app's own writes are waited for, which may never end. */
const MAX_COMMITS_AHEAD = 8;

const createResetError = (): Error =>
  new Error('The room has started anew from what it has stored: try again.');

/** What applying changes has come to. */
export type Applied = {
  /** Whether the room is as they ask. */
  inEffect: boolean;
  /** Whether that is all that has happened. */
  asSent: boolean;
  happened: Changes;
  /** What a listener of the app has thrown. */
  thrown?: unknown[];
};

export class Turns<Connection extends RoomConnection> {
  readonly state: RoomState;
  readonly followers = new Set<Follower>();
  readonly #edge: RoomEdge<Connection>;
  readonly #audience: Audience<Connection>;
  readonly #onReset: () => void;
  readonly #queue: TurnQueue;
  readonly #compactor: Compactor;
  #draft = new Draft<Connection>();
  /** To be told where the next commit stands. */
  #positions: Position[] = [];
  /** How often all that was not stored had to be forgotten. */
  #resets = 0;
  /** Where the app is being asked: how often it had started anew before. */
  #asking: {resets: number} | undefined;
  /** Told what the transaction that the room itself runs has changed. */
  #onFinish: ((changes: Changes) => void) | undefined;

  constructor(
    edge: RoomEdge<Connection>,
    {audience, onReset}: {audience: Audience<Connection>; onReset: () => void},
  ) {
    this.#edge = edge;
    this.#audience = audience;
    this.#onReset = onReset;
    this.state = new RoomState(edge, () => !this.#draft.isEmpty);
    this.#queue = new TurnQueue({
      // One that wakes has to wait for its storage anyway.
      schedule: (run) => (this.state.isOpen ? edge.schedule(run) : run()),
      begin: () => this.#open(),
      end: () => this.commit(),
    });
    this.#compactor = new Compactor(edge, {
      getNeed: () => this.state.getCompactionNeed(),
      compact: () => this.state.compact(),
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

  /** The commit that is being put together. */
  get draft(): Draft<Connection> {
    return this.#draft;
  }

  /** Changes when all that was not stored had to be forgotten. */
  get resets(): number {
    return this.#resets;
  }

  /** Does something in a turn; resolves with its result when that has ended. */
  run<Result>(
    run: () => Result | Promise<Result>,
    length?: number,
  ): Promise<Result> {
    return this.#queue.run(run, length);
  }

  /** Where the room stands. */
  getPosition(): Position {
    const {epoch, offset} = this.state;
    return {epoch, offset};
  }

  /** The same, but told where it stands with the next commit. */
  getNextPosition(): Position {
    const position = this.getPosition();
    this.#positions.push(position);
    return position;
  }

  /**
   * Reads what is stored, while no commit is under way: all that came before is
   * in it, and what comes after the followers are told.
   */
  read<Result>(run: (state: RoomState) => Promise<Result>): Promise<Result> {
    return this.#queue.run(async () => {
      if (this.state.epoch && this.needsStore()) {
        await this.loadStore();
      }
      await this.commitAll();
      return await run(this.state);
    });
  }

  /**
   * Applies changes of the server's own; resolves when they are told. While the
   * hooks are asked it resolves when they are applied: a hook that waited for
   * more would wait for itself.
   */
  async applyOwn(changes: Changes, without: string[] = []): Promise<void> {
    const apply = () => {
      this.#audience.touch(undefined, changes);
      this.#draft.spare(without);
      this.applyChanges(changes);
    };
    if (!this.#asking) {
      return await this.#queue.run(async () => {
        if (this.needsStore()) {
          await this.loadStore();
        }
        if (this.#draft.isClaimed) {
          // It is nobody's who pushed.
          await this.commitAll();
        }
        apply();
      });
    }
    if (this.#asking.resets != this.#resets) {
      throw createResetError();
    }
    apply();
  }

  async authorise(
    changes: Changes | Content,
    who: unknown,
    initialSave: boolean,
  ): Promise<Authorised> {
    if (!this.#edge.hasHooks()) {
      return {accepted: [changes[0], changes[1], 1], refused: false};
    }
    return await this.#ask(() =>
      authorise(changes, {
        hooks: this.#edge.hooks,
        store: this.state.store!,
        who,
        initialSave,
      }),
    );
  }

  /** Whether it is noted with each commit whose doing it was. */
  get hasAuthors(): boolean {
    return this.#edge.hasAuthors();
  }

  /** Whose doing it is what somebody does, where the room notes that. */
  async askAuthor(who: unknown): Promise<string | undefined> {
    return this.hasAuthors
      ? parseAuthor(await this.#ask(() => this.#edge.getAuthor(who)))
      : undefined;
  }

  /**
   * What comes next is an author's: what is there of others is stored first. Of
   * what is left then, the app's own, it is the author's, too.
   */
  async turnTo(author: string | undefined): Promise<void> {
    if (this.hasAuthors && !this.#draft.isOf(author)) {
      await this.commitAll();
    }
    this.claim(author);
  }

  /** The same in this very step: what is there is the author's, too. */
  claim(author: string | undefined): void {
    if (this.hasAuthors) {
      this.#draft.claim(author);
    }
  }

  /** Asks the app, whose answer may be late. */
  async #ask<Result>(run: () => MaybePromise<Result>): Promise<Result> {
    const resets = this.#resets;
    this.#asking = {resets};
    try {
      const result = await run();
      if (resets != this.#resets) {
        // A hook may have swallowed why: this Store is not the room's any more.
        throw createResetError();
      }
      return result;
    } finally {
      this.#asking = undefined;
    }
  }

  /** Applies to the live Store, or only to the delta where it is not loaded. */
  applyChanges(changes: Changes): Applied {
    const {store} = this.state;
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
  async commit(put?: Content): Promise<void> {
    const positions = this.#positions.splice(0);
    try {
      await this.#storeAndTell(put);
    } catch (error) {
      this.#reset(error);
      throw error;
    }
    positions.forEach((position) =>
      Object.assign(position, this.getPosition()),
    );
    void this.#compactor.compact();
  }

  /**
   * Until there is nothing that is not stored; where the app writes all the time,
   * a few times: it is not waited for to end.
   */
  async commitAll(): Promise<void> {
    await this.commit();
    for (let i = 1; i < MAX_COMMITS_AHEAD && !this.#draft.isEmpty; i++) {
      // What the app has written meanwhile is in the Store, but not stored.
      await this.commit();
    }
  }

  async #storeAndTell(put: Content | undefined): Promise<void> {
    const {steps, ...drafted} = this.#draft.take();
    const {list, author, authors, keyed} = drafted;
    const telling = {
      ...drafted,
      text: JSON.stringify(list),
      time: this.#edge.now(),
      // Now: what the app writes from here on is not stored with this.
      heals: this.#audience.getHeals(authors, this.state.store),
    };
    const isFirst = !this.state.epoch;
    const after = this.state.offset;
    // An answer that refuses is stored, too: it may be lost on the way. So is any
    // that is not asked for by a hello: it may be asked for long after.
    const isAnswered =
      keyed.size > 0 ||
      [...authors.values()].some(({answer}) => answer.length > 1);
    const isCreated = !!put || (isFirst && (list.length > 0 || steps > 0));
    const isAppended =
      !isCreated && (list.length > 0 || (isAnswered && !isFirst));
    if (isCreated || isAppended) {
      const position = this.getPosition();
      this.followers.forEach((follower) => follower.onStore?.(position));
    }
    if (isCreated) {
      // All of it: a schema may have filled the Store in before.
      telling.list = await this.state.create(telling, put);
    } else if (isAppended) {
      await this.state.append(Math.max(steps, 1), telling);
    } else if (!authors.size) {
      return;
    }
    const {epoch, offset} = this.state;
    this.#audience.announce({...telling, offset}, isFirst && !!epoch);
    if (offset > after) {
      const {list: changed, time} = telling;
      this.followers.forEach((follower) =>
        follower.onCommit({epoch, offset, after, list: changed, time, author}),
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
    this.state.forget();
    this.#onReset();
    this.#draft = new Draft();
    this.followers.forEach((follower) => follower.onReset?.());
    if (error instanceof AwayError) {
      this.#audience.dismissAll(1012, 'The room is elsewhere');
    } else {
      this.#audience.retireAll(1011, 'The room could not use its storage');
    }
  }

  /**
   * Has the room live elsewhere: all that came before is stored, and nothing more
   * is taken. Resolves when that is durable, also where it was before.
   */
  async leave(residence: Residence): Promise<void> {
    try {
      // In a turn of its own, which fails: the ones before it end well.
      await this.#queue.run(async () => {
        await this.commitAll();
        try {
          await residence.leave();
          // What the app has written meanwhile: nobody has the archive yet.
          await this.commitAll();
        } catch (error) {
          // It may be noted all the same.
          this.#reset(error);
          throw error;
        }
        this.#reset(new AwayError());
      }, Infinity);
    } catch (error) {
      if (!(await residence.hasLeft())) {
        throw error;
      }
    }
  }

  needsStore(): boolean {
    return this.#edge.needsStore() || this.#edge.hasHooks();
  }

  async #open(): Promise<void> {
    try {
      await (this.state.isOpen ? undefined : this.#openState());
    } catch (error) {
      this.#reset(error);
      throw error;
    }
  }

  async #openState(): Promise<void> {
    const {residence} = this.#edge;
    await (residence
      ? residence.enter(() => this.#openStored())
      : this.#openStored());
  }

  async #openStored(): Promise<void> {
    const opened = this.state.open().then(() => this.getPosition());
    await Promise.all([
      opened,
      ...[...this.followers].map((follower) => follower.onOpen?.(opened)),
    ]);
  }

  /** Whom the room has answered, this turn so far included. */
  async readClients(): Promise<Clients> {
    if (!this.state.clients) {
      // What is answered without them has to be stored before they are read.
      await this.commit();
    }
    return await this.state.readClients();
  }

  async loadStore(): Promise<void> {
    if (!this.state.store) {
      // What was applied without it has to be stored before it is read.
      await this.commit();
      const changes = await this.state.loadStore();
      if (changes) {
        this.#draft.add(changes);
        this.#draft.noteOthers();
      }
      const store = this.state.store!;
      store.addDidFinishTransactionListener(() =>
        this.#onTransaction(store, getTransactionChanges(store)),
      );
    }
  }

  #onTransaction(store: Store, changes: Changes): void {
    if (store !== this.state.store) {
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
