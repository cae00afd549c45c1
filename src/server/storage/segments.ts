/**
 * Content in segments: whole Rows, one after the other, each segment short
 * enough for a value where a single Row is. One can be read, changed and written
 * without the others, and together they are the content's JSON.
 *
 * A segment is two lines and a body: the JSON of the first and of the last
 * Table's id, then the inside of the JSON object that has these Tables. A Table
 * that does not fit goes on in the next. Segments of Values come last: their
 * lines are `null`. A segment that begins with a very long id is several values.
 */
import type {Atom, RowChanges} from '../../protocol/changes.js';
import {decodeText, encodeText, joinBytes, MAX_PIECE_BYTES} from './pieces.js';

const NEWLINE = 10;
const VALUES = 'null';
/** Most bytes that one unit of UTF-16 takes. */
const MAX_UNIT_BYTES = 3;
/** So often a segment has the id of its Table. */
const ID_REPEATS = 3;
/** An id up to that length is small beside a segment, however often it has it. */
const MAX_SHORT_ID_BYTES = 2_000;
/** A longer one is not repeated until there is so much more of other things. */
const BYTES_AN_ID_BYTE = 16;
const MAX_LONG_SEGMENT_BYTES = 4_000_000;

const encoder = new TextEncoder();

/** The JSON of a Table's id; of none where they are Values. */
const encodeTableId = (tableId: string | null): string =>
  tableId === null ? VALUES : JSON.stringify(tableId);

/** How long that is at most: exactly where it matters. */
const measureTableId = (table: string): number => {
  const most = table.length * MAX_UNIT_BYTES;
  return most <= MAX_SHORT_ID_BYTES ? most : encodeText(table).length;
};

/**
 * How long a segment may get that begins with such a Table. It has the id again:
 * with a long one it is several values, or there would be more ids than Rows.
 */
const getCapacity = (idBytes: number): number =>
  idBytes <= MAX_SHORT_ID_BYTES
    ? MAX_PIECE_BYTES
    : MAX_PIECE_BYTES +
      ID_REPEATS * idBytes +
      Math.min(BYTES_AN_ID_BYTE * idBytes, MAX_LONG_SEGMENT_BYTES);

type Segment = {first: string; last: string; body: Uint8Array};

const parseSegment = (bytes: Uint8Array): Segment => {
  const second = bytes.indexOf(NEWLINE) + 1;
  const third = bytes.indexOf(NEWLINE, second) + 1;
  return {
    first: decodeText(bytes.subarray(0, second - 1)),
    last: decodeText(bytes.subarray(second, third - 1)),
    body: bytes.subarray(third),
  };
};

/** Puts Rows, and then Values, into segments. */
export class SegmentWriter {
  readonly #emit: (segment: Uint8Array) => void;
  #buffer = new Uint8Array(MAX_PIECE_BYTES);
  #length = 0;
  #first: string | undefined;
  #firstBytes = 0;
  #last = '';
  #tableId: string | null | undefined;
  #table = '';
  #tableBytes = 0;

  constructor(emit: (segment: Uint8Array) => void) {
    this.#emit = emit;
  }

  /**
   * Adds the JSON of a Row, or of a Value of the Table null, with its id; answers
   * its length in bytes.
   */
  add(tableId: string | null, text: string): number {
    const length = this.addIfFits(tableId, text);
    if (length !== undefined) {
      return length;
    }
    this.#flush();
    return this.addIfFits(tableId, text) ?? this.#emitAlone(this.#table, text);
  }

  /** Adds the JSON of several, or none where the segment is too full for that. */
  addIfFits(tableId: string | null, text: string): number | undefined {
    if (tableId !== this.#tableId) {
      this.#tableId = tableId;
      this.#table = encodeTableId(tableId);
      this.#tableBytes = measureTableId(this.#table);
    }
    if (this.#first === undefined) {
      this.#firstBytes = this.#tableBytes;
      const capacity = getCapacity(this.#tableBytes);
      if (this.#buffer.length != capacity) {
        this.#buffer = new Uint8Array(capacity);
      }
    }
    return this.#write(this.#table, text);
  }

  finish(): void {
    this.#flush();
  }

  /** Adds to the segment under way, or does nothing where it does not fit. */
  #write(table: string, text: string): number | undefined {
    const isValue = table == VALUES;
    let before = this.#first === undefined ? '' : ',';
    if (table != this.#last || this.#first === undefined) {
      before = this.#first === undefined || this.#last == VALUES ? '' : '},';
      before += isValue ? '' : `${table}:{`;
    }
    if (this.#first !== undefined && isValue && this.#last != VALUES) {
      // Values have segments of their own.
      return undefined;
    }
    const lines = this.#firstBytes + this.#tableBytes + 3;
    const room = this.#buffer.length - lines - this.#length;
    if (room < before.length + text.length) {
      return undefined;
    }
    const target = this.#buffer.subarray(this.#length, this.#length + room);
    const added = before + text;
    const {read, written} = encoder.encodeInto(added, target);
    if (read < added.length) {
      return undefined;
    }
    this.#first ??= table;
    this.#last = table;
    this.#length += written;
    return written;
  }

  #flush(): void {
    if (this.#first !== undefined) {
      const lines = encodeText(`${this.#first}\n${this.#last}\n`);
      const end = encodeText(this.#last == VALUES ? '' : '}');
      this.#emit(
        joinBytes([lines, this.#buffer.subarray(0, this.#length), end]),
      );
      this.#first = undefined;
      this.#length = 0;
    }
  }

  /** A Row that is longer than a segment. */
  #emitAlone(table: string, text: string): number {
    const body = table == VALUES ? text : `${table}:{${text}}`;
    const segment = encodeText(`${table}\n${table}\n${body}`);
    this.#emit(segment);
    this.#last = table;
    return segment.length;
  }
}

/** One thing of a segment: a Row of a Table, or a Value of the Table null. */
export type Thing = [
  tableId: string | null,
  rowId: string,
  row: RowChanges | Atom,
];

/** What is in a segment; a Table that goes on is first, or last. */
export const readSegment = (bytes: Uint8Array): Thing[] => {
  const {first, last, body} = parseSegment(bytes);
  const parsed = JSON.parse(`{${decodeText(body)}}`);
  const firstTableId: string | null = JSON.parse(first);
  if (firstTableId === null) {
    return Object.keys(parsed).map((id) => [null, id, parsed[id]]);
  }
  const lastTableId: string = JSON.parse(last);
  // An object has ids that are numbers first, whatever their place was.
  const between = Object.keys(parsed).filter((id) => id !== lastTableId);
  const things: Thing[] = [];
  for (const tableId of new Set([firstTableId, ...between, lastTableId])) {
    for (const rowId of Object.keys(parsed[tableId])) {
      things.push([tableId, rowId, parsed[tableId][rowId]]);
    }
  }
  return things;
};

/** The JSON of the content, in UTF-8. */
export const joinSegments = (segments: Uint8Array[]): Uint8Array => {
  const comma = encodeText(',');
  const parts = [encodeText('[{')];
  let previous: string | undefined;
  for (const segment of segments) {
    const {first, last, body} = parseSegment(segment);
    if (first == VALUES) {
      parts.push(previous == VALUES ? comma : encodeText('},{'), body);
    } else if (first == previous) {
      // The Table goes on: what ended it there and what began it here go.
      parts.push(
        parts.pop()!.subarray(0, -1),
        comma,
        body.subarray(encodeText(first).length + 2),
      );
    } else {
      parts.push(...(previous === undefined ? [] : [comma]), body);
    }
    previous = last;
  }
  parts.push(encodeText(previous == VALUES ? '}]' : '},{}]'));
  return joinBytes(parts);
};
