/** Puts pushes together that came in fragments. */
import {
  FRAGMENT_TIMEOUT_MS,
  MESSAGE_OVERHEAD,
  type RoomLimits,
} from '../protocol/limits.js';
import type {FragmentHeader} from '../protocol/messages.js';

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
  /** Runs later, and keeps the room awake until then. */
  schedule(run: () => void, delayMs: number): void;
  /** This connection's pieces had to go. */
  onOverflow(connection: Connection): void;
};

export class Fragments<Connection extends object> {
  readonly #edge: FragmentsEdge<Connection>;
  readonly #unfinished = new Map<Connection, Pieces>();
  #isWaiting = false;

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
    const length = Math.max(pieces.length, pieces.count * MESSAGE_OVERHEAD);
    if (length > this.#edge.limits.maxPushLength) {
      pieces.texts = undefined;
    }
    pieces.texts?.push(text);
    if (pieces.count >= count) {
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

  /** Sees to it that none waits for ever for its next piece. */
  #wait(): void {
    if (!this.#isWaiting && this.#unfinished.size) {
      this.#isWaiting = true;
      this.#edge.schedule(() => {
        this.#isWaiting = false;
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
