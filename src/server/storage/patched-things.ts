/** What is in segments, and what is new, as a delta leaves it. */
import type {Delta} from '../../protocol/delta.js';
import {Patches} from './patches.js';
import type {Thing} from './segments.js';

export class PatchedThings {
  readonly #patches: Patches;
  #tableId: string | null | undefined;

  constructor(delta: Delta) {
    this.#patches = new Patches(delta.toList());
  }

  *patch(things: Thing[]): Generator<Thing> {
    for (const thing of things) {
      const [tableId, rowId] = thing;
      yield* this.#goTo(tableId);
      const row = this.#patches.patch(thing);
      if (row !== undefined) {
        yield [tableId, rowId, row];
      }
    }
  }

  *finish(): Generator<Thing> {
    yield* this.#goTo(null);
    yield* this.#patches.takeRest(null);
  }

  /** A Table's new Rows follow its others, all new Tables the last one. */
  *#goTo(tableId: string | null): Generator<Thing> {
    const from = this.#tableId;
    this.#tableId = tableId;
    if (from !== tableId && typeof from == 'string') {
      yield* this.#patches.takeNewRows(from);
    }
    if (from !== tableId && tableId === null) {
      yield* this.#patches.takeTables();
    }
  }
}
