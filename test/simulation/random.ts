/**
 * All chance of a simulation, from one seed. Each concern draws from a stream of
 * its own (`of`), so that one more fault does not reshuffle all the others, and a
 * seed goes on to mean about what it meant.
 */
export class Random {
  readonly #seed: number;
  #state: number;
  readonly #streams = new Map<string, Random>();

  constructor(seed: number) {
    this.#seed = seed;
    this.#state = Math.imul(seed, 0x9e3779b1) ^ 0x5bf03635;
  }

  /** The stream of this name; what is drawn elsewhere does not move it. */
  of(name: string): Random {
    let stream = this.#streams.get(name);
    if (!stream) {
      let hash = this.#seed ^ 0x811c9dc5;
      for (let i = 0; i < name.length; i++) {
        hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
      }
      stream = new Random(hash ^ (hash >>> 15));
      this.#streams.set(name, stream);
    }
    return stream;
  }

  /** From 0 up to but excluding 1 (mulberry32). */
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

  /**
   * Likewise one of many by name. Each races on a stream of its own, the more
   * weight the faster: one more of them changes only where it wins.
   */
  race(weights: {[name: string]: number}): string {
    let winner = '';
    let best = Infinity;
    for (const name of Object.keys(weights)) {
      const time = -Math.log(1 - this.of(name).next()) / weights[name]!;
      if (time < best) {
        best = time;
        winner = name;
      }
    }
    return winner;
  }
}
