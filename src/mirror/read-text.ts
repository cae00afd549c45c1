/** A response's text, of which no more is read than so much. */

/** Where it is longer than so many bytes the rest is not read. */
export const readText = async (
  {body}: Response,
  maxBytes: number,
): Promise<{text: string; isWhole: boolean}> => {
  if (!body) {
    return {text: '', isWhole: true};
  }
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const pieces: string[] = [];
  let bytes = 0;
  try {
    for (;;) {
      const {done, value} = await reader.read();
      if (done) {
        const text = pieces.join('') + decoder.decode();
        return {text, isWhole: true};
      }
      bytes += value.length;
      pieces.push(decoder.decode(value, {stream: true}));
      if (bytes > maxBytes) {
        return {text: pieces.join(''), isWhole: false};
      }
    }
  } finally {
    // Also of one that has ended: that does nothing then.
    void reader.cancel().catch(() => {});
  }
};
