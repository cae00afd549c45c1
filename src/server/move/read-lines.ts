/** Reads a body line by line, as it comes. */

/** Longest line: a value of storage, each of its characters escaped. */
const MAX_LINE_LENGTH = 1_000_000;

/** What comes, or an error where nothing does for long. */
const readSoon = async (
  reader: ReadableStreamDefaultReader<Uint8Array>,
  timeoutMs: number,
): Promise<Uint8Array | undefined> => {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`Nothing came for ${timeoutMs} ms.`)),
      timeoutMs,
    );
  });
  try {
    return (await Promise.race([reader.read(), late])).value;
  } finally {
    clearTimeout(timer!);
  }
};

/**
 * The lines of a body, each of which ends with a line feed: what comes after the
 * last one was cut off.
 *
 * @throws Where a line is too long, or nothing comes for `timeoutMs`.
 */
export async function* readLines(
  body: ReadableStream<Uint8Array>,
  timeoutMs: number,
): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder('utf-8', {
    fatal: true,
    ignoreBOM: true,
  });
  let rest = '';
  try {
    for (;;) {
      const chunk = await readSoon(reader, timeoutMs);
      if (!chunk) {
        return;
      }
      const lines = decoder.decode(chunk, {stream: true}).split('\n');
      lines[0] = rest + lines[0]!;
      rest = lines.pop()!;
      yield* lines;
      if (rest.length > MAX_LINE_LENGTH) {
        throw new RangeError(`A line is longer than ${MAX_LINE_LENGTH}.`);
      }
    }
  } finally {
    // Where it is not read to its end nobody needs the rest.
    reader.cancel().catch(() => {});
  }
}
