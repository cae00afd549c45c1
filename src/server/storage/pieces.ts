/** Long text as values that storage takes, and back. */

const encoder = new TextEncoder();

export const encodeText = (text: string): Uint8Array => encoder.encode(text);

/** Below the 128 KiB that a value may have, what the runtime adds included. */
const MAX_PIECE_BYTES = 130_000;
/** A string of this length fits a value whatever is in it. */
const MAX_STRING_LENGTH = 65_000;

/** The text itself where it is short, else its UTF-8 in pieces. */
export const cutText = (text: string): (string | Uint8Array)[] => {
  if (text.length <= MAX_STRING_LENGTH) {
    return [text];
  }
  const bytes = encodeText(text);
  const pieces: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += MAX_PIECE_BYTES) {
    pieces.push(bytes.slice(start, start + MAX_PIECE_BYTES));
  }
  return pieces;
};

/** Puts together what `cutText` cut. */
export const joinText = (pieces: unknown[]): string => {
  if (pieces.length == 1 && typeof pieces[0] == 'string') {
    return pieces[0];
  }
  const decoder = new TextDecoder('utf-8', {ignoreBOM: true});
  let text = '';
  for (const piece of pieces) {
    text += decoder.decode(piece as Uint8Array, {stream: true});
  }
  return text + decoder.decode();
};

/** Puts together what `cutText` cut, as UTF-8. */
export const joinBytes = (pieces: unknown[]): Uint8Array => {
  const parts = pieces.map((piece) =>
    typeof piece == 'string' ? encodeText(piece) : (piece as Uint8Array),
  );
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
