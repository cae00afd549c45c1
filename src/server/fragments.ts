/** Puts pushes together that came in fragments. */
import {
  FRAGMENT_TIMEOUT_MS,
  MESSAGE_OVERHEAD,
  type RoomLimits,
} from '../protocol/limits.js';
import type {FragmentHeader} from '../protocol/messages.js';

/** A push that is long as can be has less than these, and not one empty. */
const FEW_PIECES = 100;

type Pieces = {
  mutationId: number;
  /** None any more where they are too long together: then they are counted. */
  texts: string[] | undefined;
  count: number;
  length: number;
  addedAt: number;
};

/** The whole text, undefined where it was too long; or why there is none yet. */
export type Assembled = {text: string | undefined} | 'unfinished' | 'broken';

export type FragmentsEdge<Connection> = {
  limits: Pick<RoomLimits, 'maxPushLength' | 'maxFragmentsLength'>;
  now(): number;
  /** Runs later, and keeps the room awake until then; answers how to cancel. */
  schedule(run: () => void, delayMs: number): () => void;
  /** This connection's pieces had to go. */
  onOverflow(connection: Connection): void;
};

export class Fragments<Connection extends object> {
  readonly #edge: FragmentsEdge<Connection>;
  readonly #unfinished = new Map<Connection, Pieces>();
  /** Ends the wait for the next piece of any of them. */
  #stopWaiting: (() => void) | undefined;

  constructor(edge: FragmentsEdge<Connection>) {
    this.#edge = edge;
  }

  /** Takes a push's next piece. */
  add(
    connection: Connection,
    [mutationId, index, count]: FragmentHeader,
    text: string,
  ): Assembled {
    const pieces: Pieces | undefined = index
      ? this.#unfinished.get(connection)
      : {mutationId, texts: [], count: 0, length: 0, addedAt: 0};
    this.#unfinished.delete(connection);
    if (pieces?.mutationId !== mutationId || pieces.count != index) {
      return 'broken';
    }
    pieces.count++;
    pieces.length += text.length;
    // Empty ones add up, too.
    const empty = (pieces.count - FEW_PIECES) * MESSAGE_OVERHEAD;
    const length = Math.max(pieces.length, empty);
    if (length > this.#edge.limits.maxPushLength) {
      pieces.texts = undefined;
    }
    pieces.texts?.push(text);
    if (pieces.count >= count) {
      this.#wait();
      return {text: pieces.texts?.join('')};
    }
    pieces.addedAt = this.#edge.now();
    this.#unfinished.set(connection, pieces);
    this.#shed();
    this.#wait();
    return 'unfinished';
  }

  forget(connection: Connection): void {
    this.#unfinished.delete(connection);
    this.#wait();
  }

  /** Lets go of the longest where all together hold too much. */
  #shed(): void {
    const held = [...this.#unfinished].filter(([, {texts}]) => texts);
    const sum = held.reduce((length, [, pieces]) => length + pieces.length, 0);
    if (sum > this.#edge.limits.maxFragmentsLength) {
      const [longest] = held.reduce((a, b) =>
        b[1].length > a[1].length ? b : a,
      );
      this.#unfinished.delete(longest);
      this.#edge.onOverflow(longest);
    }
  }

  /** Waits for next pieces, but for none for ever; without any the room sleeps. */
  #wait(): void {
    if (!this.#unfinished.size) {
      this.#stopWaiting?.();
      this.#stopWaiting = undefined;
    } else {
      this.#stopWaiting ??= this.#edge.schedule(() => {
        this.#stopWaiting = undefined;
        const oldest = this.#edge.now() - FRAGMENT_TIMEOUT_MS;
        for (const [connection, {addedAt}] of this.#unfinished) {
          if (addedAt <= oldest) {
            this.#unfinished.delete(connection);
          }
        }
        this.#wait();
      }, FRAGMENT_TIMEOUT_MS);
    }
  }
}
