/** What all parts of one simulation share. */
import {Clock} from './clock.js';
import {Device} from './device.js';
import type {Profile} from './profile.js';
import {Random} from './random.js';

/** A guarantee that was broken; the seed says how to see it again. */
export class Violation extends Error {
  override name = 'Violation';
}

/** How often each thing has happened. */
export type Counts = {[kind: string]: number};

const TRACE_LENGTH = 400;
const STARTS_AT = 1_000_000;

export class World {
  readonly clock = new Clock(STARTS_AT);
  readonly random: Random;
  readonly counts: Counts = {};
  /** Without faults any more, on the way to rest. */
  calm = false;
  /** What no room may take back any more. */
  readonly durableTokens = new Set<string>();
  violation: Violation | undefined;
  readonly #notes: [at: number, parts: unknown[]][] = [];
  readonly #devices = new Map<string, Device>();
  #ids = 0;

  constructor(
    seed: number,
    readonly profile: Profile,
  ) {
    this.random = new Random(seed);
  }

  /** What the code that is running runs on. */
  get device(): Device {
    return this.getDevice(this.clock.owner);
  }

  getDevice(name: string): Device {
    let device = this.#devices.get(name);
    if (!device) {
      this.#devices.set(name, (device = new Device(this, name)));
    }
    return device;
  }

  note(...parts: unknown[]): void {
    this.#notes.push([this.clock.now, parts]);
    if (this.#notes.length > 2 * TRACE_LENGTH) {
      this.#notes.splice(0, TRACE_LENGTH);
    }
  }

  /** The latest notes, as text. */
  get trace(): string[] {
    return this.#notes.map(
      ([at, parts]) =>
        `${((at - STARTS_AT) / 1000).toFixed(3)} ${parts.join(' ')}`,
    );
  }

  count(kind: string, by = 1): void {
    this.counts[kind] = (this.counts[kind] ?? 0) + by;
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

  /** Whether a fault of this probability happens now; counted where it does. */
  fault(kind: string, probability: number): boolean {
    if (this.calm || !this.random.of(`fault ${kind}`).chance(probability)) {
      return false;
    }
    this.count(kind);
    return true;
  }
}
