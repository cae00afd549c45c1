/** What is under way between the first use of a sink and its end. */

export class Lifetime {
  readonly #open: () => Promise<void> | undefined;
  readonly #close: () => Promise<void> | undefined;
  readonly #running = new Set<Promise<void>>();
  #controller = new AbortController();
  #opening: Promise<void> | undefined;
  /** Whether there may be something to be closed. */
  #isOpened = false;
  #ending: Promise<void> | undefined;
  #isOver = false;

  constructor({
    open,
    close,
  }: {
    open: () => Promise<void> | undefined;
    close: () => Promise<void> | undefined;
  }) {
    this.#open = open;
    this.#close = close;
  }

  /** Whether it has been ended, and not been begun again. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Opens what is used, once; where that has failed it is tried again. */
  async open(): Promise<void> {
    this.#isOpened = true;
    const opening = (this.#opening ??= (async () => await this.#open())());
    try {
      await opening;
    } catch (error) {
      if (this.#opening === opening) {
        this.#opening = undefined;
      }
      throw error;
    }
  }

  /** Resolves when no end is under way. */
  async untilEnded(): Promise<void> {
    while (this.#ending) {
      await this.#ending.catch(() => {});
    }
  }

  /** It is to last again. */
  begin(): void {
    this.#isOver = false;
  }

  /** Does something that an end waits for; it is told by the signal. */
  async run<Result>(
    run: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    if (this.#ending) {
      await this.untilEnded();
    }
    const result = run(this.#controller.signal);
    const settled = result.then(
      () => {},
      () => {},
    );
    this.#running.add(settled);
    void settled.then(() => this.#running.delete(settled));
    return await result;
  }

  /** Resolves when nothing is under way any more, and all is closed. */
  end(): Promise<void> {
    this.#ending ??= this.#end().finally(() => {
      this.#ending = undefined;
    });
    return this.#ending;
  }

  async #end(): Promise<void> {
    this.#isOver = true;
    this.#controller.abort();
    while (this.#running.size) {
      await Promise.all(this.#running);
    }
    this.#controller = new AbortController();
    this.#opening = undefined;
    if (this.#isOpened) {
      this.#isOpened = false;
      await this.#close();
    }
  }
}
