/** Texts of others, for a terminal: none of them moves its cursor. */

const MAX_LENGTH = 60;

/** What is not seen, turns the direction of writing, or is a command. */
const UNSAFE =
  /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

const escapeUnit = (unit: string): string =>
  `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

const shorten = (text: string): string =>
  text.length > MAX_LENGTH
    ? `${text.slice(0, MAX_LENGTH).replace(/[\ud800-\udbff]$/, '')}…`
    : text;

/** Anything that JSON can hold, short and in one line. */
export const describeThing = (thing: unknown): string =>
  // Shortened before as well: it may be megabytes.
  shorten(
    JSON.stringify(typeof thing == 'string' ? shorten(thing) : thing),
  ).replaceAll(UNSAFE, escapeUnit);

/** An id: as it is where that is a word, quoted otherwise. */
export const describeId = (id: string): string =>
  /^[\w.@:+][\w.@:+-]{0,59}$/.test(id) ? id : describeThing(id);

/** A text of several lines without what a terminal would take as a command. */
export const stripControls = (text: string): string =>
  text.replaceAll(/[^\P{Cc}\n]/gu, ' ').replaceAll(UNSAFE, escapeUnit);
