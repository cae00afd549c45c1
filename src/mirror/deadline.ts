/**
 * A signal for one thing: it ends with another, or after so long. That other may
 * last as long as the process, so nothing is left on it; `AbortSignal.any` leaves
 * something, and what `fetch` is given is held by it for a while.
 */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #timer: ReturnType<typeof setTimeout>;

  constructor(
    ms: number,
    {message, outer}: {message: string; outer: AbortSignal | undefined},
  ) {
    this.#outer = outer;
    this.#timer = setTimeout(
      () => this.#controller.abort(new DOMException(message, 'TimeoutError')),
      ms,
    );
    outer?.addEventListener('abort', this.#abort);
    if (outer?.aborted) {
      this.#abort();
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Also where what is waited for has no ear for the signal. */
  async race<Result>(run: () => Promise<Result>): Promise<Result> {
    const {signal} = this;
    signal.throwIfAborted();
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
    return await Promise.race([run(), aborted]);
  }

  /** Nothing is waited for any more. */
  release(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener('abort', this.#abort);
  }

  readonly #abort = (): void => this.#controller.abort(this.#outer!.reason);
}
