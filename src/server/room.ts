/** A room, as the platform's class and its HTTP half use it. */
import type {Store} from 'tinybase';
import {type Changes, type Content, isEmpty} from '../protocol/changes.js';
import {isCompact} from '../protocol/content.js';
import type {RoomLimits} from '../protocol/limits.js';
import {Audience} from './audience.js';
import type {Follower} from './follower.js';
import {applyToStore, getSchemaChanges, setContent} from './live-store.js';
import {Patching, type PatchOptions, type PatchResult} from './patching.js';
import {Reception} from './reception.js';
import type {RoomConnection, RoomEdge} from './room-edge.js';
import type {Position, RoomState, StoredContent} from './room-state.js';
import {Turns} from './turns.js';

export type PutResult = {
  /** Whether the room had a Store already, and keeps it as it is. */
  existed: boolean;
  /** Where the content stands if it was stored exactly as it came. */
  position?: Position;
  /** Where the room stands if it may not be written to there. */
  unmet?: Position;
};

export class Room<Connection extends RoomConnection = RoomConnection> {
  readonly #edge: RoomEdge<Connection>;
  readonly #audience: Audience<Connection>;
  readonly #turns: Turns<Connection>;
  readonly #reception: Reception<Connection>;
  readonly #patching: Patching<Connection>;

  constructor(edge: RoomEdge<Connection>) {
    this.#edge = edge;
    this.#audience = new Audience(edge);
    this.#turns = new Turns(edge, {
      audience: this.#audience,
      onReset: () => this.#reception.clear(),
    });
    const parts = {audience: this.#audience, turns: this.#turns};
    this.#reception = new Reception(edge, parts);
    this.#patching = new Patching(edge.limits, parts);
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
    return this.#turns.state.store;
  }

  /** Whether it is known where it stands. */
  get isOpen(): boolean {
    return this.#turns.state.isOpen;
  }

  /** Finds where it stands. */
  open(): Promise<void> {
    return this.#turns.run(() => {});
  }

  /** Loads the Store, so that `store` is there. */
  load(): Promise<void> {
    return this.#turns.state.store
      ? Promise.resolve()
      : this.#turns.run(() => this.#turns.loadStore());
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
    return this.#reception.receive(connection, message);
  }

  /**
   * Deals with a sign of life, and answers whether a message was one. It takes
   * no turn, and nothing from storage: an idle room is asked for it often.
   */
  receiveSign(connection: Connection, message: unknown): boolean {
    return this.#reception.receiveSign(connection, message);
  }

  /**
   * Applies changes of the server's own; resolves when they are told. While the
   * hooks are asked it resolves when they are applied: a hook that waited for
   * more would wait for itself.
   */
  apply(changes: Changes, without?: string[]): Promise<void> {
    return this.#turns.applyOwn(changes, without);
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
    return this.#turns.read(run);
  }

  /** Tells of each commit from now on; answers how to end that. */
  follow(follower: Follower): () => void {
    const {followers} = this.#turns;
    followers.add(follower);
    return () => followers.delete(follower);
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
    return this.#turns.run(async () => {
      await this.#turns.commit();
      if (isMet && !isMet(this.#turns.state)) {
        return {
          existed: !!this.#turns.state.epoch,
          unmet: this.#turns.getPosition(),
        };
      }
      if (this.#turns.state.epoch) {
        return {existed: true};
      }
      if (
        !this.#turns.needsStore() &&
        !this.#turns.state.store &&
        isCompact(content)
      ) {
        await this.#turns.commit(content);
        return {existed: false, position: this.#turns.getPosition()};
      }
      await this.#turns.loadStore();
      const store = this.#turns.state.store!;
      const hasSchema = store.hasTablesSchema() || store.hasValuesSchema();
      const sent = hasSchema ? structuredClone(content) : undefined;
      const author = await this.#turns.askAuthor(who);
      const {accepted, refused} = await this.#turns.authorise(
        content,
        who,
        true,
      );
      const isAlone = this.#turns.draft.isEmpty;
      if (isMet && !isAlone) {
        await this.#turns.commit();
        return {
          existed: true,
          ...(isMet(this.#turns.state)
            ? {}
            : {unmet: this.#turns.getPosition()}),
        };
      }
      if (refused && isEmpty(accepted)) {
        return {existed: false};
      }
      // What the app has written while the hooks were asked stays, on top.
      const {list} = this.#turns.draft.take();
      store.transaction(() => {
        setContent(store, [accepted[0], accepted[1]]);
        list.forEach((changes) => applyToStore(store, changes));
      });
      this.#turns.claim(author);
      await this.#turns.commit([{}, {}]);
      return refused || !isAlone || (sent && getSchemaChanges(store, sent))
        ? {existed: false}
        : {existed: false, position: this.#turns.getPosition()};
    });
  }

  /**
   * Has the room live elsewhere from here on; answers the lines of its archive,
   * which are the same whenever it is asked again.
   */
  async leave(): Promise<AsyncGenerator<string>> {
    const residence = this.#edge.residence!;
    await this.#turns.leave(residence);
    return residence.writeArchive();
  }

  /** Has the room live here again, whoever has its archive. */
  async return(): Promise<void> {
    await this.#edge.residence!.return();
  }

  /** Applies changes as a push, for somebody who is not connected. */
  patchContent(changes: Changes, options: PatchOptions): Promise<PatchResult> {
    return this.#patching.patch(changes, options);
  }
}
