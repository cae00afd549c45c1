/** Simulated time: what is to happen, in order. */

export type Timer = {at: number; order: number; run: () => void};

export class Clock {
  now = 1_000_000;
  readonly #timers: Timer[] = [];
  #order = 0;

  after(delayMs: number, run: () => void): Timer {
    return this.at(this.now + Math.max(0, delayMs), run);
  }

  at(at: number, run: () => void): Timer {
    const timer = {at: Math.max(at, this.now), order: this.#order++, run};
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      this.#timers[middle]!.at <= timer.at
        ? (low = middle + 1)
        : (high = middle);
    }
    this.#timers.splice(low, 0, timer);
    return timer;
  }

  cancel(timer: Timer | undefined): void {
    const index = timer ? this.#timers.indexOf(timer) : -1;
    if (index >= 0) {
      this.#timers.splice(index, 1);
    }
  }

  /** When the next thing happens. */
  get next(): number {
    return this.#timers[0]?.at ?? Infinity;
  }

  get isEmpty(): boolean {
    return this.#timers.length == 0;
  }

  /** Lets the next thing happen, and all promises that follow from it. */
  async step(): Promise<void> {
    const timer = this.#timers.shift();
    if (timer) {
      this.now = timer.at;
      timer.run();
    }
    await settle();
  }
}

const {setImmediate} = globalThis;

/** Resolves when no promise is left to be dealt with. */
export const settle = (): Promise<void> =>
  new Promise((resolve) => void setImmediate(resolve));
