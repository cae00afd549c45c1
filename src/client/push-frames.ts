/** A push as frames: one, or fragments where it is too long for one. */
import {MAX_FRAME_LENGTH} from '../protocol/limits.js';
import {FRAGMENT, PUSH} from '../protocol/messages.js';

export const getPushFrames = (
  mutationId: number,
  changesText: string,
): string[] => {
  if (changesText.length <= MAX_FRAME_LENGTH) {
    return [`${PUSH}[${mutationId},${changesText}]`];
  }
  const pieces: string[] = [];
  for (let start = 0; start < changesText.length;) {
    let end = start + MAX_FRAME_LENGTH;
    // A surrogate pair cut in two would not survive UTF-8.
    if ((changesText.charCodeAt(end - 1) & 0xfc00) == 0xd800) {
      end--;
    }
    pieces.push(changesText.slice(start, end));
    start = end;
  }
  return pieces.map(
    (piece, index) =>
      `${FRAGMENT}[${mutationId},${index},${pieces.length}]${piece}`,
  );
};
