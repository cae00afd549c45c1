/** Ids where a database has its own mind of what a name may be. */

/** What cannot be there as it is: always `%`, and always half a character. */
export const UNSAFE_NAME = /%|\p{Surrogate}/gu;

/**
 * An id as a name that has nothing of what `unsafe` finds: that becomes `%` and two
 * hexadecimal digits, half a character (a lone surrogate) `%u` and four, as no
 * UTF-8 has it. The empty id is `%` alone.
 */
export const escapeName = (id: string, unsafe = UNSAFE_NAME): string =>
  id == ''
    ? '%'
    : id.replace(unsafe, (character) => {
        const hex = character.charCodeAt(0).toString(16).toUpperCase();
        return hex.length > 2 ? `%u${hex}` : `%${hex.padStart(2, '0')}`;
      });

/** The id that `escapeName` was given. */
export const unescapeName = (name: string): string =>
  name == '%'
    ? ''
    : name.replace(/%(?:u([\dA-F]{4})|([\dA-F]{2}))/g, (_, half, hex) =>
        String.fromCharCode(Number.parseInt(half ?? hex, 16)),
      );
