/** A room's live feed as it comes, read no further ahead than so much. */
import {createParser} from 'eventsource-parser';
import {IDLE_MS, MAX_AHEAD_BYTES, MAX_EVENT_UNITS} from './limits.js';
import {parseRoomEvent, type RoomEvent} from './room-events.js';

export class FeedStream {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #idleMs: number;
  #events: RoomEvent[] = [];
  #bytes = 0;
  #hasEnded = false;
  #error: unknown;
  /** Wakes who waits for events, and the reading that waits for room. */
  #onNews: (() => void) | undefined;
  #onRoom: (() => void) | undefined;

  constructor(response: Response, idleMs = IDLE_MS) {
    this.#reader = response.body!.getReader();
    this.#idleMs = idleMs;
    void this.#read();
  }

  /** Resolves when there is something to take, or it has ended. */
  async wait(): Promise<void> {
    while (!this.#events.length && !this.#hasEnded) {
      await new Promise<void>((resolve) => {
        this.#onNews = resolve;
      });
    }
  }

  /** Whether nothing is left to take, and nothing will come. */
  get isOver(): boolean {
    return this.#hasEnded && !this.#events.length;
  }

  /**
   * The events since this was called last.
   *
   * @throws what the stream has ended with, when all before it are taken.
   */
  take(): RoomEvent[] {
    const events = this.#events;
    this.#events = [];
    this.#bytes = 0;
    this.#onRoom?.();
    if (!events.length && this.#error !== undefined) {
      throw this.#error;
    }
    return events;
  }

  /** Ends it; when what it comes from has an end, nobody waits for. */
  close(): void {
    this.#hasEnded = true;
    this.#onNews?.();
    this.#onRoom?.();
    this.#reader.cancel().catch(() => {});
  }

  async #read(): Promise<void> {
    const parser = createParser({
      maxBufferSize: MAX_EVENT_UNITS,
      onEvent: ({event, data}) => {
        const parsed = parseRoomEvent(event, data);
        if (parsed) {
          this.#events.push(parsed);
          this.#onNews?.();
        }
      },
    });
    const decoder = new TextDecoder();
    try {
      for (;;) {
        const {done, value} = await this.#readPiece();
        if (done || this.#hasEnded) {
          break;
        }
        this.#bytes += value.length;
        parser.feed(decoder.decode(value, {stream: true}));
        while (
          this.#bytes > MAX_AHEAD_BYTES &&
          this.#events.length &&
          !this.#hasEnded
        ) {
          await new Promise<void>((resolve) => {
            this.#onRoom = resolve;
          });
        }
      }
    } catch (error) {
      this.#error = error;
    } finally {
      this.#hasEnded = true;
      this.#onNews?.();
      this.#reader.cancel().catch(() => {});
    }
  }

  async #readPiece(): Promise<ReadableStreamReadResult<Uint8Array>> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const idle = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () =>
          reject(new Error(`The live feed was silent for ${this.#idleMs} ms.`)),
        this.#idleMs,
      );
    });
    try {
      return await Promise.race([this.#reader.read(), idle]);
    } finally {
      clearTimeout(timer);
    }
  }
}
