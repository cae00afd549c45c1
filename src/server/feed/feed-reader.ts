/**
 * Who reads a live feed. The platform sends as quickly as it is read; what waits
 * for that is counted, and who lets too much wait is cut off.
 */

export class FeedReader {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #maxBytes: number;
  readonly #onEnd: () => void;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #sentBytes = 0;
  #readBytes = -1;

  constructor(
    /** What it is sent first, however much that is. */
    first: Uint8Array[],
    {maxUnreadBytes, onEnd}: {maxUnreadBytes: number; onEnd: () => void},
  ) {
    const bytes = first.reduce((sum, {length}) => sum + length, 0);
    // The platform takes whole numbers alone.
    this.#maxBytes = Math.min(
      Math.floor(maxUnreadBytes) + bytes,
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
      {highWaterMark: this.#maxBytes, size: (chunk) => chunk.length},
    );
    this.send(first);
  }

  /** How much waits to be read. */
  get #unreadBytes(): number {
    return this.#maxBytes - (this.#controller.desiredSize ?? 0);
  }

  send(chunks: Uint8Array[]): void {
    if (this.#unreadBytes > this.#maxBytes) {
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
    const readBytes = this.#sentBytes - this.#unreadBytes;
    if (readBytes == this.#readBytes) {
      this.#cut('Nothing is read');
      return;
    }
    this.#readBytes = readBytes;
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
