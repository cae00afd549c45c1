/** The keys under which a room keeps what docs/protocol.md describes. */

const LAYOUT = '#tbpk:';
const OFFSET_DIGITS = 12;
const INDEX_DIGITS = 5;

export class Layout {
  readonly head: string;
  /** Of the record of answered pushes, or of its pieces what they have. */
  readonly clients: string;
  /** How far each webhook is. */
  readonly webhooks: string;
  /** Of the app's own alarm, in a room that has webhooks. */
  readonly alarm: string;
  /** Whether the room lives here, where it has moved or was asked for. */
  readonly move: string;
  /** What the keys of all entries begin with. */
  readonly entries: string;
  readonly #segments: string;
  readonly #prefix: string;

  constructor(storagePrefix: string) {
    const prefix = storagePrefix + LAYOUT;
    this.#prefix = prefix;
    this.head = prefix + 'head';
    this.entries = prefix + 'l:';
    this.#segments = prefix + 's:';
    this.clients = prefix + 'clients';
    this.webhooks = prefix + 'webhooks';
    this.alarm = prefix + 'alarm';
    this.move = prefix + 'move';
  }

  /** A key as it is called whatever the storage prefix. */
  strip(key: string): string {
    return key.slice(this.#prefix.length);
  }

  /** The key that is called so. */
  extend(name: string): string {
    return this.#prefix + name;
  }

  /** The key of a commit; its pieces', if it has several, begin with it. */
  getEntryKey(offset: number): string {
    return this.entries + String(offset).padStart(OFFSET_DIGITS, '0');
  }

  /** What comes after all pieces of that commit, and before the next one. */
  getEntryEnd(offset: number): string {
    return this.getEntryKey(offset) + ';';
  }

  parseOffset(entryKey: string): number {
    const start = this.entries.length;
    return +entryKey.slice(start, start + OFFSET_DIGITS);
  }

  /**
   * What the keys of a snapshot begin with: one is whole while the next is
   * written, so that two places are enough.
   */
  getSnapshotPrefix(generation: number): string {
    return `${this.#segments}${generation % 2}:`;
  }

  getSegmentKey(generation: number, index: number): string {
    const digits = String(index).padStart(INDEX_DIGITS, '0');
    return this.getSnapshotPrefix(generation) + digits;
  }

  /** Of a segment, or of one of its pieces, what all of them have. */
  parseSegmentKey(key: string): string {
    return key.slice(0, this.#segments.length + 2 + INDEX_DIGITS);
  }
}

/** The keys under which so many pieces rest. */
export const getPieceKeys = (key: string, count: number): string[] =>
  Array.from({length: count}, (_, index) =>
    count > 1 ? `${key}:${String(index).padStart(3, '0')}` : key,
  );

/** The keys and values of what was cut, under a key. */
export const getPieceEntries = (
  key: string,
  pieces: unknown[],
): [key: string, value: unknown][] =>
  getPieceKeys(key, pieces.length).map((pieceKey, index) => [
    pieceKey,
    pieces[index],
  ]);
