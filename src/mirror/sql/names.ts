/** Names of tables and columns for ids that may be anything. */

// PostgreSQL has 63 bytes for a name; MySQL's 64 characters are never less.
const MAX_BYTES = 63;

// Letters of MySQL's plane only. A `?` would be a parameter, a `.` a schema's.
const UNUSABLE = /[^\p{L}\p{M}\p{N}_ -]|[\u{10000}-\u{10FFFF}]/gu;

/** What some database keeps for itself, in lower case. */
const RESERVED = new Set([
  'cmax',
  'cmin',
  'ctid',
  'tableoid',
  'xmax',
  'xmin',
  'oid',
  'rowid',
  '_rowid_',
]);

// Where MySQL takes letters for the same as others, in ways of its own.
const DOUBTFUL = /[\u0080-\u058F\u1E00-\u1FFF]/g;

const fold = (name: string): string =>
  name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(DOUBTFUL, '?');

/** Whether some database may take two names for the same. */
export const mayBeSame = (one: string, other: string): boolean => {
  const [a, b] = [fold(one), fold(other)];
  if (a.length != b.length) {
    return false;
  }
  for (let index = 0; index < a.length; index++) {
    if (a[index] != b[index] && a[index] != '?' && b[index] != '?') {
      return false;
    }
  }
  return true;
};

const cutToBytes = (name: string, maxBytes: number): string => {
  let bytes = 0;
  let end = 0;
  for (const char of name) {
    bytes += Buffer.byteLength(char);
    if (bytes > maxBytes) {
      break;
    }
    end += char.length;
  }
  return name.slice(0, end);
};

/**
 * The id itself where it is a good name that is not taken, or else one that is like
 * it. `taken` has names with their prefix.
 */
export const chooseName = (
  id: string,
  taken: Iterable<string>,
  prefix = '',
): string => {
  const names = [...taken];
  const base =
    // An id may have any length.
    cutToBytes(id.slice(0, MAX_BYTES).replace(UNUSABLE, '_'), MAX_BYTES)
      .trim()
      // SQLite keeps some names for itself, and mysql2 does not read `__proto__`.
      .replace(/^sqlite_/i, '_$&')
      .replace(/^__+/, '_') || '_';
  for (let number = 1; ; number++) {
    const suffix = number == 1 ? '' : `_${number}`;
    const maxBytes = MAX_BYTES - prefix.length - suffix.length;
    const name = prefix + cutToBytes(base, maxBytes).trim() + suffix;
    if (
      !RESERVED.has(name.toLowerCase()) &&
      !names.some((other) => mayBeSame(name, other))
    ) {
      return name;
    }
  }
};
