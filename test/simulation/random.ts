/** All chance of a simulation, from one seed (mulberry32). */
export class Random {
  #state: number;

  constructor(
    seed: number,
    /** Whether what it makes may be as long as a stored value. */
    readonly bigCells = false,
  ) {
    this.#state = Math.imul(seed, 0x9e3779b1) ^ 0x5bf03635;
  }

  /** From 0 up to but excluding 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  int(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<Thing>(things: readonly Thing[]): Thing {
    return things[this.int(things.length)]!;
  }

  /** Mostly about the mean, at times a multiple of it. */
  delay(meanMs: number): number {
    return meanMs * (this.chance(0.1) ? 8 : 1) * (0.1 + 1.8 * this.next());
  }

  /** One of the things, each as likely as its weight says. */
  weigh<Thing>(things: readonly [weight: number, thing: Thing][]): Thing {
    let left = this.next() * things.reduce((sum, [weight]) => sum + weight, 0);
    return (things.find(([weight]) => (left -= weight) < 0) ?? things[0]!)[1];
  }
}
