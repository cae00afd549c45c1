/**
 * Who reads a live feed. The platform sends as quickly as it is read; what waits
 * for that is counted, and who lets too much wait is cut off.
 */

export class FeedReader {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #maxUnreadBytes: number;
  readonly #firstBytes: number;
  /** How much the stream is made for: it only counts, and never says no. */
  readonly #roomBytes: number;
  readonly #onEnd: () => void;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #sentBytes = 0;
  /** How much it had read at the last comment. */
  #lastReadBytes = -1;

  constructor(
    /** What it is sent first, however much that is. */
    first: Uint8Array[],
    {maxUnreadBytes, onEnd}: {maxUnreadBytes: number; onEnd: () => void},
  ) {
    this.#maxUnreadBytes = maxUnreadBytes;
    this.#firstBytes = first.reduce((sum, {length}) => sum + length, 0);
    // The platform takes whole numbers alone.
    this.#roomBytes = Math.min(
      Math.floor(maxUnreadBytes) + this.#firstBytes,
      Number.MAX_SAFE_INTEGER,
    );
    this.#onEnd = onEnd;
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        // The reader has left: the platform finds out when it sends something.
        cancel: onEnd,
      },
      {highWaterMark: this.#roomBytes, size: (chunk) => chunk.length},
    );
    this.send(first);
  }

  /** How much of what it was sent it has read. */
  get #readBytes(): number {
    const unread = this.#roomBytes - (this.#controller.desiredSize ?? 0);
    return this.#sentBytes - unread;
  }

  send(chunks: Uint8Array[]): void {
    // What it was sent first does not count, read or not.
    const passed = Math.max(this.#readBytes, this.#firstBytes);
    if (this.#sentBytes - passed > this.#maxUnreadBytes) {
      this.#cut('Too much is unread');
      return;
    }
    for (const chunk of chunks) {
      this.#sentBytes += chunk.length;
      this.#controller.enqueue(chunk);
    }
  }

  /** Cuts off who has read nothing since the last: not even that. */
  keepAlive(comment: Uint8Array): void {
    const readBytes = this.#readBytes;
    if (readBytes == this.#lastReadBytes) {
      this.#cut('Nothing is read');
      return;
    }
    this.#lastReadBytes = readBytes;
    this.send([comment]);
  }

  /** Ends the stream, when what was sent is read. */
  end(): void {
    this.#controller.close();
  }

  /** Ends it now: what waits is not kept any longer. */
  #cut(reason: string): void {
    this.#onEnd();
    this.#controller.error(new Error(reason));
  }
}
