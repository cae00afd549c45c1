/**
 * Short commits that come one after the other share a key: each writes it again,
 * and later one key is deleted and read for all of them.
 */
import type {Layout} from './layout.js';
import {joinText, measureText} from './pieces.js';

/**
 * Longest page, its key included: a value takes more, but this much is billed as
 * one write also where storage bills by 4 KB.
 */
const MAX_LOG_PAGE_BYTES = 4_000;

/** The page that commits are added to. */
export type LogPage = {
  key: string;
  /** Of its first commit, which its key is of. */
  offset: number;
  /** What is stored: the JSON of an entry, or of `[[offset, entry], …]`. */
  text: string;
  isShared: boolean;
};

/** What is in a page. */
export const parsePage = <Entry extends [unknown[], ...unknown[]]>(
  offset: number,
  text: string,
): {entries: [offset: number, entry: Entry][]; isShared: boolean} => {
  const parsed = JSON.parse(text);
  // What a commit changes is a list that begins with no number.
  const isShared = typeof parsed[0][0] == 'number';
  return {entries: isShared ? parsed : [[offset, parsed]], isShared};
};

/** The page with a commit in it: the one that there is, if it fits, or a new one. */
export const addToPage = (
  page: LogPage | undefined,
  {offset, text}: {offset: number; text: string},
  layout: Layout,
): LogPage => {
  const before = page
    ? page.isShared
      ? page.text.slice(0, -1)
      : `[[${page.offset},${page.text}]`
    : '';
  const shared = `${before},[${offset},${text}]]`;
  return page && isShort(page.key, shared)
    ? {...page, text: shared, isShared: true}
    : {key: layout.getEntryKey(offset), offset, text, isShared: false};
};

/** Opens a page of storage again, for more to be added. */
export const openPage = (
  layout: Layout,
  [key, value]: [key: string, value: unknown],
): LogPage | undefined => {
  const offset = layout.parseOffset(key);
  if (key != layout.getEntryKey(offset)) {
    return undefined;
  }
  const text = joinText([value]);
  return isShort(key, text)
    ? {key, offset, text, isShared: parsePage(offset, text).isShared}
    : undefined;
};

const isShort = (key: string, text: string): boolean =>
  key.length + text.length <= MAX_LOG_PAGE_BYTES &&
  key.length + measureText(text) <= MAX_LOG_PAGE_BYTES;
