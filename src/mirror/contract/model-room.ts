/** A room that tells its batches, and knows what a sink should have. */
import {type Content, createStore, type Store} from 'tinybase';
import type {Batch, Commit, Position} from '../sink.js';

const createEpoch = (): string => `epoch${Math.random().toString(36).slice(2)}`;

const START_TIME = 1_767_323_045_678;

export class ModelRoom {
  readonly id: string;
  #store: Store = createStore();
  #epoch = createEpoch();
  #offset = 0;
  #commits: Commit[] | undefined;
  #written: Position | undefined;
  #writtenContent: Content | undefined;

  constructor(id: string) {
    this.id = id;
  }

  /** Where a sink is that has all batches that were accepted. */
  get written(): Position | undefined {
    return this.#written;
  }

  /** What it has then. */
  get writtenContent(): Content | undefined {
    return this.#writtenContent;
  }

  get #position(): Position {
    return {epoch: this.#epoch, offset: this.#offset};
  }

  /** A copy: what a sink does to it shows nowhere else. */
  get content(): Content {
    return structuredClone(this.#store.getContent());
  }

  /** One commit by each of these edits; they may be of several transactions. */
  commit(...edits: ((store: Store) => void)[]): this {
    for (const edit of edits) {
      this.#commit(edit, {time: START_TIME + this.#offset});
    }
    return this;
  }

  /** One commit that stands for several: it has no time. */
  commitNet(edit: (store: Store) => void): this {
    this.#commit((store) => store.transaction(() => edit(store)), {});
    this.#offset += 2;
    const last = this.#commits?.at(-1);
    if (last) {
      last.offset = this.#offset;
    }
    return this;
  }

  #commit(edit: (store: Store) => void, {time}: {time?: number}): void {
    const changes: Commit['changes'] = [];
    const listenerId = this.#store.addDidFinishTransactionListener((store) => {
      changes.push(structuredClone(store.getTransactionChanges()));
    });
    edit(this.#store);
    this.#store.delListener(listenerId);
    const after = this.#offset++;
    this.#commits?.push({
      ...this.#position,
      after,
      ...(time === undefined ? {} : {time, author: 'somebody'}),
      changes,
    });
  }

  /** The room's history begins anew. */
  restart(edit: (store: Store) => void): this {
    this.#store = createStore();
    this.#epoch = createEpoch();
    this.#offset = 0;
    this.#commits = undefined;
    return this.commit(edit);
  }

  /** What was committed is not known any more, but what came out is. */
  forgetCommits(): this {
    this.#commits = undefined;
    return this;
  }

  /** What a mirror would write next. */
  createBatch(): Batch {
    return {
      room: this.id,
      after: this.#written,
      position: this.#position,
      time: START_TIME + this.#offset,
      commits: this.#commits && structuredClone(this.#commits),
      content: this.content,
    };
  }

  /** The latest batch was written: the next one follows on it. */
  accept({position}: Batch): void {
    this.#written = position;
    this.#writtenContent = this.content;
    this.#commits = [];
  }
}
