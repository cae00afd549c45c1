/** What happens where a body parser was there first: its bytes are gone. */
export const createBodyUsedError = (): Error =>
  new Error(
    'The body of the webhook was read before: a signature is of its very ' +
      'bytes, so hand on the request before any body parser.',
  );

/** The body, or undefined where it is longer: then not all of it is read. */
export const readBody = async (
  request: Request,
  maxBytes: number,
): Promise<Uint8Array | undefined> => {
  if (request.bodyUsed) {
    throw createBodyUsedError();
  }
  // One buffer that grows: kept chunks of a byte each would take far more.
  let bytes = new Uint8Array(0);
  let length = 0;
  for await (const chunk of request.body ?? []) {
    const end = length + chunk.length;
    if (!(end <= maxBytes)) {
      return undefined;
    }
    if (end > bytes.length) {
      const larger = new Uint8Array(Math.max(end, 2 * length));
      larger.set(bytes);
      bytes = larger;
    }
    bytes.set(chunk, length);
    length = end;
  }
  return bytes.subarray(0, length);
};
