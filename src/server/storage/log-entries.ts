/** The log in storage: an entry a commit, in the order of their offsets. */
import type {DeltaList} from '../../protocol/delta.js';
import type {Answer} from '../../protocol/messages.js';
import {type KeyValueStorage, readKeys} from './key-value-storage.js';
import {getPieceEntries, type Layout} from './layout.js';
import {cutText, joinText, measureText} from './pieces.js';

/** How far the log is, in bytes, since the room's history began. */
export type Extent = {
  /** What all entries have taken up. */
  logged: number;
  /** What they took away of snapshots. */
  taken: number;
};

/** What a commit changed, what it answers, the log's extent with it, and when. */
export type Entry = [
  delta: DeltaList,
  answers: {[clientId: string]: Answer},
  logged: number,
  taken: number,
  /** In milliseconds since 1970, by the clock of the room. */
  time?: number | null,
  /** Whose doing it was, where the room notes that. */
  author?: string,
];

export type EntryAt = {
  offset: number;
  entry: Entry;
  /** How long it is in storage. */
  bytes: number;
};

const parseEntry = (offset: number, pieces: unknown[]): EntryAt => ({
  offset,
  entry: JSON.parse(joinText(pieces)),
  bytes: (pieces as {length: number}[]).reduce(
    (sum, {length}) => sum + length,
    0,
  ),
});

/** The keys and values of an entry, and the extent of the log with it. */
export const encodeEntry = (
  key: string,
  {
    deltaText,
    answersText,
    time,
    author,
  }: {
    deltaText: string;
    answersText: string;
    time: number | undefined;
    author: string | undefined;
  },
  before: Extent,
  taken: number,
): {puts: [key: string, value: unknown][]; extent: Extent} => {
  const text = `[${deltaText},${answersText},`;
  // What comes last is about as long for all but an author.
  const authorText = author === undefined ? '' : JSON.stringify(author);
  const extent = {
    logged:
      before.logged + key.length + measureText(text) + measureText(authorText),
    taken: before.taken + Math.round(taken),
  };
  const last = [
    extent.logged,
    extent.taken,
    ...(time || authorText ? [time || 'null'] : []),
    ...(authorText ? [authorText] : []),
  ];
  const pieces = cutText(`${text}${last.join(',')}]`);
  return {puts: getPieceEntries(key, pieces), extent};
};

/** The entries after an offset, in order. */
export async function* readEntries(
  storage: KeyValueStorage,
  layout: Layout,
  after: number,
  pageBytes?: number,
): AsyncGenerator<EntryAt> {
  let offset = 0;
  let pieces: unknown[] = [];
  for await (const [key, piece] of readKeys(storage, layout.entries, {
    startAfter: layout.getEntryEnd(after),
    ...(pageBytes === undefined ? {} : {pageBytes}),
  })) {
    const keyOffset = layout.parseOffset(key);
    if (keyOffset != offset && pieces.length) {
      yield parseEntry(offset, pieces);
      pieces = [];
    }
    offset = keyOffset;
    pieces.push(piece);
  }
  if (pieces.length) {
    yield parseEntry(offset, pieces);
  }
}

/**
 * The newest entry after an offset, from what a list of the last key alone gave:
 * it is read again where that was the last of several pieces.
 */
export const readNewestEntry = async (
  storage: KeyValueStorage,
  layout: Layout,
  after: number,
  newest: Map<string, unknown>,
): Promise<EntryAt | undefined> => {
  const [key] = newest.keys();
  const offset = key === undefined ? 0 : layout.parseOffset(key);
  if (offset <= after) {
    return undefined;
  }
  if (key == layout.getEntryKey(offset)) {
    return parseEntry(offset, [newest.get(key)]);
  }
  for await (const entry of readEntries(storage, layout, offset - 1)) {
    return entry;
  }
  return undefined;
};
