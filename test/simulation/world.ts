/** What all parts of one simulation share. */
import {Clock} from './clock.js';
import type {Profile} from './profile.js';
import {Random} from './random.js';

/** A guarantee that was broken; the seed says how to see it again. */
export class Violation extends Error {
  override name = 'Violation';
}

const TRACE_LENGTH = 400;

export class World {
  readonly clock = new Clock();
  readonly random: Random;
  readonly trace: string[] = [];
  /** Without faults any more, on the way to rest. */
  calm = false;
  /** What no room may take back any more. */
  readonly durableTokens = new Set<string>();
  violation: Violation | undefined;
  #ids = 0;

  constructor(
    seed: number,
    readonly profile: Profile,
  ) {
    this.random = new Random(seed, profile.bigCells);
  }

  note(...parts: unknown[]): void {
    this.trace.push(
      `${((this.clock.now - 1_000_000) / 1000).toFixed(3)} ${parts.join(' ')}`,
    );
    if (this.trace.length > 2 * TRACE_LENGTH) {
      this.trace.splice(0, TRACE_LENGTH);
    }
  }

  /** Keeps the first violation, wherever in the code under test it is seen. */
  fail(guarantee: string, message: string): void {
    this.note('VIOLATION', guarantee, message);
    this.violation ??= new Violation(`${guarantee}: ${message}`);
  }

  expect(holds: boolean, guarantee: string, message: () => string): void {
    if (!holds) {
      this.fail(guarantee, message());
    }
  }

  createId(): string {
    return `id${this.#ids++}`;
  }

  /** Whether a fault of this probability happens now. */
  fault(probability: number): boolean {
    return !this.calm && this.random.chance(probability);
  }
}
