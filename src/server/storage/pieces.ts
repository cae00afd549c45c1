/** Long text as values that storage takes, and back. */

const encoder = new TextEncoder();

export const encodeText = (text: string): Uint8Array => encoder.encode(text);

/** Below the 128 KiB that a value may have, what the runtime adds included. */
export const MAX_PIECE_BYTES = 130_000;
/** A string of this length fits a value whatever is in it. */
const MAX_STRING_LENGTH = 65_000;

/** Whether storage takes one byte for each character, as UTF-8 would not. */
const isNarrow = (text: string): boolean => /^[\0-\xff]*$/.test(text);

const restsAsItIs = (text: string): boolean =>
  text.length <= MAX_STRING_LENGTH && isNarrow(text);

/** How many bytes a text takes in storage. */
export const measureText = (text: string): number =>
  restsAsItIs(text) ? text.length : encodeText(text).length;

/** The text itself where it is short and plain, else its UTF-8 in pieces. */
export const cutText = (text: string): (string | Uint8Array)[] =>
  restsAsItIs(text) ? [text] : cutBytes(encodeText(text));

/** Pieces of so many bytes, none of them copied. */
export const viewPieces = (
  bytes: Uint8Array,
  pieceBytes: number,
): Uint8Array[] => {
  const pieces: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    pieces.push(bytes.subarray(start, start + pieceBytes));
  }
  return pieces;
};

export const cutBytes = (bytes: Uint8Array): Uint8Array[] =>
  bytes.length <= MAX_PIECE_BYTES
    ? [bytes]
    : viewPieces(bytes, MAX_PIECE_BYTES).map((piece) => piece.slice());

/** Puts together what `cutText` cut. */
export const joinText = (pieces: unknown[]): string =>
  pieces.length == 1 && typeof pieces[0] == 'string'
    ? pieces[0]
    : decodeText(joinBytes(pieces as Uint8Array[]));

/** What UTF-8 stands for; a byte order mark is a character like any other. */
export const decodeText = (bytes: Uint8Array): string =>
  new TextDecoder('utf-8', {ignoreBOM: true, fatal: false}).decode(bytes);

/** Puts bytes one after the other. */
export const joinBytes = (parts: Uint8Array[]): Uint8Array => {
  const bytes = new Uint8Array(
    parts.reduce((length, part) => length + part.length, 0),
  );
  let start = 0;
  for (const part of parts) {
    bytes.set(part, start);
    start += part.length;
  }
  return bytes;
};
