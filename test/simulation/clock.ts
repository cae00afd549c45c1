/** Simulated time: what is to happen, in order, and on whose device. */

export type Timer = {
  at: number;
  run: () => void;
  /** On whose device it runs; '' is the room's, and the network. */
  owner: string;
  /** Whether code under test has set it. */
  isScript: boolean;
};

export class Clock {
  /** On whose device code is running. */
  owner = '';
  #timers: Timer[] = [];
  /** What waits on devices that run nothing. */
  readonly #frozen = new Map<string, Timer[]>();

  constructor(public now: number) {}

  after(delayMs: number, run: () => void, owner = this.owner): Timer {
    return this.at(this.now + Math.max(0, delayMs), run, owner);
  }

  at(at: number, run: () => void, owner = this.owner): Timer {
    const timer = {at: Math.max(at, this.now), run, owner, isScript: false};
    this.#insert(timer);
    return timer;
  }

  /** The `setTimeout` of the code that is running: of whole milliseconds. */
  setTimeout(run: () => void, ms = 0): Timer {
    const delayMs = Math.max(Math.trunc(ms), 1);
    return Object.assign(this.after(delayMs, run), {isScript: true});
  }

  #insert(timer: Timer): void {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      this.#timers[middle]!.at <= timer.at
        ? (low = middle + 1)
        : (high = middle);
    }
    this.#timers.splice(low, 0, timer);
  }

  cancel(timer: Timer | undefined): void {
    if (timer) {
      for (const timers of [this.#timers, this.#frozen.get(timer.owner)]) {
        const index = timers?.indexOf(timer) ?? -1;
        if (index >= 0) {
          timers!.splice(index, 1);
        }
      }
    }
  }

  /** When the next thing happens. */
  get next(): number {
    return this.#timers[0]?.at ?? Infinity;
  }

  get isEmpty(): boolean {
    return this.#timers.length == 0;
  }

  /** How many timers the code under test has set on a device. */
  countScriptTimers(owner: string): number {
    return this.#timers.filter((one) => one.isScript && one.owner == owner)
      .length;
  }

  /** From here on nothing happens on a device: what would, waits. */
  freeze(owner: string): void {
    this.#frozen.set(owner, []);
  }

  isFrozen(owner: string): boolean {
    return this.#frozen.has(owner);
  }

  /** The device goes on, with all that has waited. */
  thaw(owner: string): void {
    const waiting = this.#frozen.get(owner) ?? [];
    this.#frozen.delete(owner);
    waiting.forEach((timer) => (timer.at = this.now));
    // Before what comes just now.
    this.#timers.unshift(...waiting);
  }

  /** The timers of a device come so much later, or sooner. */
  shift(owner: string, byMs: number): void {
    const isMoved = (timer: Timer) => timer.isScript && timer.owner == owner;
    const moved = this.#timers.filter(isMoved);
    this.#timers = this.#timers.filter((timer) => !isMoved(timer));
    for (const timer of moved) {
      timer.at = Math.max(timer.at + byMs, this.now);
      this.#insert(timer);
    }
  }

  /** Lets the next thing happen, and all promises that follow from it. */
  async step(): Promise<void> {
    const timer = this.#timers.shift();
    if (timer) {
      this.now = timer.at;
      const waiting = this.#frozen.get(timer.owner);
      if (waiting) {
        waiting.push(timer);
        return;
      }
      this.owner = timer.owner;
      timer.run();
    }
    await settle();
  }
}

const {setImmediate} = globalThis;

/** Resolves when no promise is left to be dealt with. */
export const settle = (): Promise<void> =>
  new Promise((resolve) => void setImmediate(resolve));
