/** A snapshot of the content in storage: written, and read. */
import type {Atom, Content, RowChanges} from '../../protocol/changes.js';
import type {Head} from './head.js';
import {
  type KeyValueStorage,
  readKeys,
  type ReadOptions,
} from './key-value-storage.js';
import {getPieceEntries, type Layout} from './layout.js';
import {cutBytes, joinBytes} from './pieces.js';
import {joinSegments, SegmentWriter, type Thing} from './segments.js';
import {Weights} from './weights.js';

/** Of such a length a batch is aimed at, and up to which it is used. */
const BATCH_LENGTH = 8_000;
const MAX_BATCH_LENGTH = 16_000;
const MAX_BATCH = 100;

/** What a head says of the snapshot itself. */
export type SnapshotHead = Pick<Head, 'generation' | 'bytes' | 'weights'>;

const measureAtom = (id: string, atom: Atom): number =>
  id.length + (typeof atom == 'string' ? atom.length : 4);

/** About how long the JSON of a Row or Value is. */
const measureThing = (id: string, thing: RowChanges | Atom): number => {
  if (typeof thing != 'object' || !thing) {
    return measureAtom(id, thing);
  }
  let length = id.length;
  for (const cellId in thing) {
    length += measureAtom(cellId, thing[cellId]!);
  }
  return length;
};

/** Rows of a Table, or Values of the Table null. */
class Batch {
  readonly tableId: string | null;
  /** By their ids, which may be `__proto__`, too. */
  readonly things: {[id: string]: RowChanges | Atom} = Object.create(null);
  count = 0;
  length = 0;

  constructor(tableId: string | null) {
    this.tableId = tableId;
  }

  add(id: string, thing: RowChanges | Atom, length: number): void {
    this.things[id] = thing;
    this.count++;
    this.length += length;
  }
}

/** Makes the keys and values of a snapshot. */
export class SnapshotWriter {
  readonly #layout: Layout;
  readonly #generation: number;
  readonly #weights = new Weights();
  readonly #segments: SegmentWriter;
  /** Things of one Table that are made JSON together: that is faster. */
  #batch = new Batch(null);
  #batchSize = 1;
  #puts: [key: string, value: unknown][] = [];
  #count = 0;
  #bytes = 0;

  constructor(layout: Layout, generation: number) {
    this.#layout = layout;
    this.#generation = generation;
    this.#segments = new SegmentWriter((segment) => this.#emit(segment));
  }

  add([tableId, rowId, row]: Thing): void {
    const batch = this.#batch;
    const length = measureThing(rowId, row);
    if (
      batch.tableId !== tableId ||
      batch.count >= this.#batchSize ||
      // Rows may be much longer than those before.
      batch.length + length > MAX_BATCH_LENGTH
    ) {
      this.#flush();
      this.#batch = new Batch(tableId);
    }
    this.#batch.add(rowId, row, length);
  }

  finish(): SnapshotHead {
    this.#flush();
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

  #flush(): void {
    const {tableId, things, count} = this.#batch;
    if (!count) {
      return;
    }
    const text = JSON.stringify(things).slice(1, -1);
    const bytes =
      text.length <= MAX_BATCH_LENGTH
        ? this.#segments.addIfFits(tableId, text)
        : undefined;
    if (bytes !== undefined) {
      this.#weights.add(tableId, things, bytes);
    } else {
      // One by one, for a segment to be full, and to see which are large.
      for (const id of Object.keys(things)) {
        const thing = things[id]!;
        const one = `${JSON.stringify(id)}:${JSON.stringify(thing)}`;
        const length = this.#segments.add(tableId, one);
        this.#weights.add(tableId, {[id]: thing}, length);
      }
    }
    const fitting = Math.floor((count * BATCH_LENGTH) / text.length);
    this.#batchSize = Math.max(1, Math.min(fitting, MAX_BATCH));
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
  options?: ReadOptions,
): AsyncGenerator<Uint8Array> {
  const prefix = layout.getSnapshotPrefix(generation);
  let pieces: Uint8Array[] = [];
  let last = '';
  for await (const [key, piece] of readKeys(storage, prefix, options)) {
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
