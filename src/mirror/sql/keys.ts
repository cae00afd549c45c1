/** Which text can be kept, and which a key: in each kind of database the same. */

/**
 * In UTF-16 units. MySQL has 3,072 bytes for all columns of a key, PostgreSQL some
 * 2,700, of which two ids of three bytes a unit take 1,530.
 */
export const MAX_KEY_LENGTH = 255;

// PostgreSQL has no U+0000, and a lone surrogate would become U+FFFD on its way.
const UNKEEPABLE = /[\0\p{Surrogate}]/u;

export const isKey = (id: string): boolean =>
  id.length <= MAX_KEY_LENGTH && !UNKEEPABLE.test(id);

/** Text with U+FFFD in the place of each half surrogate pair. */
export const toWellFormed = (text: string): string =>
  text.replace(/\p{Surrogate}/gu, '\uFFFD');

// An escaped backslash goes first, for what comes after it to be seen as it is.
const ESCAPES = /\\(?:(u0000|u[dD][89a-fA-F][0-9a-fA-F]{2})|.)/g;

/** JSON with U+FFFD in the place of each U+0000 and half surrogate pair. */
export const replaceUnkeepable = (json: string): string =>
  json.replace(ESCAPES, (all, unkeepable) => (unkeepable ? '\uFFFD' : all));

/** Throws where a room's id cannot be a key. */
export const checkRoom = (room: string): void => {
  if (!isKey(room)) {
    throw new RangeError(
      `The id of the room ${JSON.stringify(room.slice(0, 50))} cannot be a key ` +
        `in SQL: name the room otherwise (\`id\`), with up to ${MAX_KEY_LENGTH} ` +
        'characters, no U+0000 and no half surrogate pair.',
    );
  }
};
