/** Puts pushes together that came in fragments. */
import {MAX_FRAGMENTS, MAX_PUSH_LENGTH} from '../protocol/limits.js';
import type {FragmentHeader} from '../protocol/messages.js';

type Pieces = {mutationId: number; pieces: string[]; length: number};

export class Fragments<Connection extends object> {
  readonly #pieces = new WeakMap<Connection, Pieces>();

  /**
   * The push's whole text with its last piece, '' before that, and undefined
   * where the piece is out of order or too much.
   */
  add(
    connection: Connection,
    [mutationId, index, count]: FragmentHeader,
    piece: string,
  ): string | undefined {
    const before: Pieces | undefined = index
      ? this.#pieces.get(connection)
      : {mutationId, pieces: [], length: 0};
    this.#pieces.delete(connection);
    if (
      before?.mutationId !== mutationId ||
      before.pieces.length != index ||
      count > MAX_FRAGMENTS ||
      (before.length += piece.length) > MAX_PUSH_LENGTH
    ) {
      return undefined;
    }
    before.pieces.push(piece);
    if (before.pieces.length >= count) {
      return before.pieces.join('');
    }
    this.#pieces.set(connection, before);
    return '';
  }

  forget(connection: Connection): void {
    this.#pieces.delete(connection);
  }
}
