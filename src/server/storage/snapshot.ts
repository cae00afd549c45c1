/** A snapshot of the content in storage: written, and read. */
import type {Content} from '../../protocol/changes.js';
import type {Head} from './head.js';
import {type KeyValueStorage, readKeys} from './key-value-storage.js';
import {getPieceEntries, type Layout} from './layout.js';
import {cutBytes, joinBytes} from './pieces.js';
import {joinSegments, SegmentWriter, type Thing} from './segments.js';
import {Weights} from './weights.js';

/** So many values are in memory at a time, of 128 KiB each. */
const SEGMENTS_A_PAGE = 32;

/** What a head says of the snapshot itself. */
export type SnapshotHead = Pick<Head, 'generation' | 'bytes' | 'weights'>;

/** Makes the keys and values of a snapshot. */
export class SnapshotWriter {
  readonly #layout: Layout;
  readonly #generation: number;
  readonly #weights = new Weights();
  readonly #segments: SegmentWriter;
  #puts: [key: string, value: unknown][] = [];
  #count = 0;
  #bytes = 0;

  constructor(layout: Layout, generation: number) {
    this.#layout = layout;
    this.#generation = generation;
    this.#segments = new SegmentWriter((segment) => this.#emit(segment));
  }

  add(thing: Thing): void {
    const [tableId, rowId, row] = thing;
    const bytes = this.#segments.add(tableId, rowId, row);
    this.#weights.add(tableId, rowId, row, bytes);
  }

  finish(): SnapshotHead {
    this.#segments.finish();
    return {
      generation: this.#generation,
      bytes: this.#bytes,
      weights: this.#weights.toList(),
    };
  }

  /** Whether there is something to put. */
  get isFull(): boolean {
    return this.#puts.length > 0;
  }

  /** What is complete so far. */
  takePuts(): [key: string, value: unknown][] {
    return this.#puts.splice(0);
  }

  #emit(segment: Uint8Array): void {
    const key = this.#layout.getSegmentKey(this.#generation, this.#count++);
    this.#bytes += segment.length;
    this.#puts.push(...getPieceEntries(key, cutBytes(segment)));
  }
}

/** All of a snapshot of this content, to be put at once. */
export const encodeSnapshot = (
  [tables, values]: Content,
  layout: Layout,
  generation: number,
): {head: SnapshotHead; puts: [key: string, value: unknown][]} => {
  const writer = new SnapshotWriter(layout, generation);
  for (const tableId of Object.keys(tables)) {
    const table = tables[tableId] as any;
    for (const rowId of Object.keys(table)) {
      writer.add([tableId, rowId, table[rowId]]);
    }
  }
  for (const valueId of Object.keys(values)) {
    writer.add([null, valueId, values[valueId]!]);
  }
  const head = writer.finish();
  return {head, puts: writer.takePuts()};
};

/** The segments of a snapshot, in order. */
export async function* readSegments(
  storage: KeyValueStorage,
  layout: Layout,
  generation: number,
  pageSize = SEGMENTS_A_PAGE,
): AsyncGenerator<Uint8Array> {
  const prefix = layout.getSnapshotPrefix(generation);
  let pieces: Uint8Array[] = [];
  let last = '';
  for await (const [key, piece] of readKeys(
    storage,
    prefix,
    undefined,
    pageSize,
  )) {
    const segment = layout.parseSegmentKey(key);
    if (segment != last && pieces.length) {
      yield joinBytes(pieces);
      pieces = [];
    }
    last = segment;
    pieces.push(piece as Uint8Array);
  }
  if (pieces.length) {
    yield joinBytes(pieces);
  }
}

/** The JSON of a snapshot's content, in UTF-8. */
export const readSnapshot = async (
  storage: KeyValueStorage,
  layout: Layout,
  generation: number,
): Promise<Uint8Array> => {
  const segments: Uint8Array[] = [];
  for await (const segment of readSegments(storage, layout, generation)) {
    segments.push(segment);
  }
  return joinSegments(segments);
};
