/** Whose doing a commit is, as an app's `getAuthor` says it. */
import {MAX_AUTHOR_LENGTH} from '../protocol/limits.js';

/** The author, or undefined for nobody in particular; throws at what is none. */
export const parseAuthor = (author: unknown): string | undefined => {
  if (author === undefined || author === null) {
    return undefined;
  }
  if (typeof author != 'string' || author.length > MAX_AUTHOR_LENGTH) {
    throw new TypeError(
      `getAuthor() returned ${
        typeof author == 'string'
          ? `a string of ${author.length} UTF-16 units`
          : `a value of type ${typeof author}`
      }: return a string of at most ${MAX_AUTHOR_LENGTH}, such as the id of a ` +
        'user, or undefined for nobody in particular.',
    );
  }
  return author;
};
