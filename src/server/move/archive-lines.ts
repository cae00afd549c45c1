/**
 * An archive's lines: what a room has stored, on its way to another storage. The
 * header comes first, then an entry a line, and last how many there were: one that
 * was cut off has no end. docs/moving.md describes them.
 */
import {parseJson} from '../../protocol/parse-changes.js';

const FORMAT = 'tinybase-partykit/archive';
/** Goes up with each change of these lines, or of the storage's layout. */
const VERSION = 1;

/** What a room keeps of itself, by the keys of `Layout` without their prefix. */
const KEY =
  /^(head|clients(:\d{3})?|webhooks|(l:\d{12}|s:[01]:\d{5})(:\d{3})?)$/;

/** Bytes of which `String.fromCharCode` takes the arguments. */
const CHUNK_BYTES = 8_192;

/** Where the room stands; the epoch '' is no Store, and then no entry follows. */
export type ArchiveHeader = {
  /** How often it has moved before. */
  moves: number;
  /** Whether it has not arrived there, of where it was asked for. */
  isArriving: boolean;
  epoch: string;
  offset: number;
};

export type ArchiveEntry = [key: string, value: unknown];

const encodeBase64 = (bytes: Uint8Array): string => {
  let text = '';
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    text += String.fromCharCode(...bytes.subarray(start, start + CHUNK_BYTES));
  }
  return btoa(text);
};

const decodeBase64 = (text: string): Uint8Array => {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index++) {
    bytes[index] = binary.charCodeAt(index);
  }
  return bytes;
};

export const encodeHeader = (header: ArchiveHeader): string =>
  JSON.stringify({format: FORMAT, version: VERSION, ...header});

/** An entry's value, or its bytes in base64 and then a 1. */
export const encodeArchiveEntry = ([key, value]: ArchiveEntry): string =>
  JSON.stringify(
    value instanceof Uint8Array ? [key, encodeBase64(value), 1] : [key, value],
  );

export const encodeEnd = (count: number): string => JSON.stringify({count});

/** @throws Where it is none, or another version's. */
export const parseHeader = (line: string | undefined): ArchiveHeader => {
  const {format, version, moves, isArriving, epoch, offset} = (parseJson(
    line ?? '',
  ) ?? {}) as {[name: string]: unknown};
  if (format !== FORMAT) {
    throw new TypeError('This is no archive of a room.');
  }
  if (
    version !== VERSION ||
    !Number.isSafeInteger(moves) ||
    typeof epoch != 'string' ||
    !Number.isSafeInteger(offset)
  ) {
    throw new TypeError(
      'The archive is of another version: deploy the same version of ' +
        'tinybase-partykit to both sides.',
    );
  }
  return {
    moves: moves as number,
    isArriving: isArriving === true,
    epoch,
    offset: offset as number,
  };
};

/**
 * An entry, or how many there should have been.
 *
 * @throws Where it is neither.
 */
export const parseArchiveLine = (line: string): ArchiveEntry | number => {
  const parsed = parseJson(line) as any;
  if (Number.isSafeInteger(parsed?.count)) {
    return parsed.count;
  }
  if (
    !Array.isArray(parsed) ||
    !KEY.test(parsed[0]) ||
    (parsed[1] ?? undefined) === undefined
  ) {
    throw new TypeError('The archive has a line that is none of its format.');
  }
  const [key, value, isBytes] = parsed;
  return [key, isBytes ? decodeBase64(value) : value];
};
