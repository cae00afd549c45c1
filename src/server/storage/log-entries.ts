/** The log in storage: an entry a commit, in pages by the order of their offsets. */
import type {DeltaList} from '../../protocol/delta.js';
import type {Answer} from '../../protocol/messages.js';
import {type KeyValueStorage, readKeys} from './key-value-storage.js';
import type {Layout} from './layout.js';
import {parsePage} from './log-page.js';
import {joinText, measureText} from './pieces.js';

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
  /** About how long it is in storage. */
  bytes: number;
};

/** After which offset, and up to which one. */
export type EntryRange = {after: number; upTo: number};

const parseEntries = (
  offset: number,
  pieces: unknown[],
  {after, upTo}: EntryRange,
): EntryAt[] => {
  const {entries} = parsePage<Entry>(offset, joinText(pieces));
  const bytes = (pieces as {length: number}[]).reduce(
    (sum, {length}) => sum + length,
    0,
  );
  return entries
    .filter(([at]) => at > after && at <= upTo)
    .map(([at, entry]) => ({
      offset: at,
      entry,
      bytes: bytes / entries.length,
    }));
};

/** The JSON of an entry, and the extent of the log with it. */
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
): {text: string; extent: Extent} => {
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
  return {text: `${text}${last.join(',')}]`, extent};
};

/**
 * The entries of a range, in order. `upTo` is not after what was stored when this
 * began: a page to which more is added meanwhile is not read again.
 */
export async function* readEntries(
  storage: KeyValueStorage,
  layout: Layout,
  range: EntryRange,
  pageBytes?: number,
): AsyncGenerator<EntryAt> {
  const end = layout.getEntryEnd(range.after);
  // The page that goes on after that offset, if one does.
  const [before] = await storage.list({
    prefix: layout.entries,
    end,
    reverse: true,
    limit: 1,
  });
  let offset = before ? layout.parseOffset(before[0]) : 0;
  let pieces: unknown[] =
    before?.[0] == layout.getEntryKey(offset) ? [before[1]] : [];
  for await (const [key, piece] of readKeys(storage, layout.entries, {
    startAfter: end,
    ...(pageBytes === undefined ? {} : {pageBytes}),
  })) {
    const keyOffset = layout.parseOffset(key);
    if (keyOffset > range.upTo) {
      break;
    }
    if (key === before?.[0]) {
      // A storage that knows prefixes alone lists it again.
      continue;
    }
    if (keyOffset != offset && pieces.length) {
      yield* parseEntries(offset, pieces, range);
      pieces = [];
    }
    offset = keyOffset;
    pieces.push(piece);
  }
  if (pieces.length) {
    yield* parseEntries(offset, pieces, range);
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
  if (key === layout.getEntryKey(offset)) {
    return parseEntries(offset, [newest.get(key)], {after, upTo: Infinity}).at(
      -1,
    );
  }
  const range = {after: offset - 1, upTo: offset};
  for await (const entry of offset > after
    ? readEntries(storage, layout, range)
    : []) {
    return entry;
  }
  return undefined;
};

/** Whether all that a page holds, or a piece is of, is up to an offset. */
export const endsBy = (
  layout: Layout,
  [key, value]: [key: string, value: unknown],
  upTo: number,
): boolean => {
  const offset = layout.parseOffset(key);
  if (offset > upTo || key != layout.getEntryKey(offset)) {
    return offset <= upTo;
  }
  const {entries} = parsePage<Entry>(offset, joinText([value]));
  return entries.at(-1)![0] <= upTo;
};
