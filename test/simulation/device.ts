/**
 * What a client runs on: a wall clock that may be wrong and be set, a monotonic
 * one, timers that a frozen page or a sleeping laptop does not run, a page that
 * may be in the background.
 */
import type {Timer} from './clock.js';
import type {World} from './world.js';

/** Far from what any server believes the time to be. */
const SKEWS_MS = [0, 0, 3_600_000, -3_600_000, -8_000_000_000, 400_000_000_000];

export class Device {
  readonly #listeners = new Set<() => void>();
  /** As much of `document` as says whether the page is looked at. */
  readonly document = {
    hidden: false,
    addEventListener: (_type: string, listener: () => void) =>
      void this.#listeners.add(listener),
    removeEventListener: (_type: string, listener: () => void) =>
      void this.#listeners.delete(listener),
  };
  readonly #startedAt: number;
  #skewMs = 0;
  #asleepMs = 0;
  #isAsleep = false;
  /** When it will go on. */
  #waking: Timer | undefined;

  constructor(
    readonly world: World,
    readonly name: string,
  ) {
    this.#startedAt = world.clock.now - world.random.of(name).int(100_000);
    if (world.profile.skewedClocks) {
      this.setClock();
    }
  }

  /** The time of day, as far as this device knows. */
  get wallNow(): number {
    return this.world.clock.now + this.#skewMs;
  }

  get monotonicNow(): number {
    return this.world.clock.now - this.#startedAt - this.#asleepMs;
  }

  /** Listeners of the page that are still there. */
  get listenerCount(): number {
    return this.#listeners.size;
  }

  /** Somebody sets the clock, or the network does. */
  setClock(): void {
    const {world, name} = this;
    this.#skewMs = world.random.of(`clock of ${name}`).pick(SKEWS_MS);
    world.note(name, 'has its clock set', this.#skewMs);
    world.count('clock set');
  }

  /** The page goes to the background, or comes back. */
  setHidden(hidden: boolean): void {
    this.document.hidden = hidden;
    this.world.count(hidden ? 'page hidden' : 'page shown');
    this.world.clock.owner = this.name;
    [...this.#listeners].forEach((listener) => listener());
  }

  get isFrozen(): boolean {
    return !!this.#waking;
  }

  /**
   * Runs nothing for a while: what arrives waits. Asleep, its own time stands
   * still as well; otherwise its timers are overdue when it goes on.
   */
  freeze(forMs: number, isAsleep: boolean): void {
    const {name} = this;
    const {clock} = this.world;
    this.world.note(name, isAsleep ? 'sleeps' : 'freezes', forMs);
    this.world.count(isAsleep ? 'device asleep' : 'page frozen');
    this.document.hidden = true;
    clock.freeze(name);
    this.#isAsleep = isAsleep;
    this.#moveTime(forMs);
    this.#waking = clock.after(forMs, () => this.thaw(), '');
  }

  /** Goes on, where need be sooner than it would have. */
  thaw(): void {
    const {clock} = this.world;
    if (this.#waking) {
      this.#moveTime(clock.now - this.#waking.at);
      clock.cancel(this.#waking);
      this.#waking = undefined;
      clock.thaw(this.name);
      this.setHidden(false);
    }
  }

  #moveTime(byMs: number): void {
    if (this.#isAsleep) {
      this.#asleepMs += byMs;
      this.world.clock.shift(this.name, byMs);
    }
  }
}
