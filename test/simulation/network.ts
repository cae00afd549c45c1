/**
 * Connections: ordered both ways, delayed, and broken in every way: noticed by
 * both ends, by one, or by none for a long time.
 */
import type {World} from './world.js';

type Direction = {
  /** When the last frame under way arrives: the next comes no sooner. */
  at: number;
  /** Nothing arrives before this: the line stands still, and loses nothing. */
  stalledUntil: number;
  /** Frames are lost from here on. */
  cut: boolean;
};

export interface WireEnd {
  onOpen(): void;
  onFrame(frame: string): void;
  onClose(): void;
}

export interface WireHost {
  accept(wire: Wire): void;
  receive(wire: Wire, frame: string): void;
  leave(wire: Wire): void;
}

/** One WebSocket, from the attempt to connect to both ends having left it. */
export class Wire {
  readonly id: string;
  /** What the room keeps with the connection while it sleeps. */
  attachment: unknown;
  /** The room's end. */
  accepted = false;
  hasLeft = false;
  /** The client's end. */
  isOpen = false;
  isDone = false;
  readonly #up: Direction = {at: 0, stalledUntil: 0, cut: false};
  readonly #down: Direction = {at: 0, stalledUntil: 0, cut: false};

  constructor(
    readonly world: World,
    readonly name: string,
    readonly end: WireEnd,
    readonly host: WireHost,
  ) {
    this.id = `${name}/${world.createId()}`;
    this.#travel(this.#up, () => {
      if (world.fault(world.profile.drops)) {
        this.#travel(this.#down, () => this.#finish(), true);
      } else {
        this.accepted = true;
        host.accept(this);
        this.#travel(this.#down, () => {
          if (!this.isDone) {
            this.isOpen = true;
            end.onOpen();
          }
        });
      }
    });
  }

  sendUp(frame: string): void {
    this.#travel(this.#up, () => {
      if (this.accepted && !this.hasLeft) {
        this.host.receive(this, frame);
      }
    });
  }

  sendDown(frame: string): void {
    if (!this.hasLeft) {
      this.#travel(this.#down, () => {
        if (this.isOpen && !this.isDone) {
          this.end.onFrame(frame);
        }
      });
    }
  }

  /** The client closes; what it sent before may still arrive. */
  closeByClient(): void {
    this.isOpen = false;
    this.isDone = true;
    const {world} = this;
    if (world.fault(0.3)) {
      this.#up.cut = true;
    }
    this.#stall(this.#up);
    const lateMs = world.random.pick([0, 0, 100, 5_000]);
    world.clock.after(lateMs, () =>
      this.#travel(this.#up, () => this.#leave(), true),
    );
  }

  /** The room closes: frames that it sent before arrive first. */
  closeByRoom(): void {
    this.#leave();
    this.#travel(this.#down, () => this.#finish(), true);
  }

  /** The line breaks. Either end may learn of it late, or keep on believing. */
  breakLine(): void {
    const {random, clock} = this.world;
    this.isBroken = true;
    this.#up.cut = this.#up.cut || random.chance(0.7);
    this.#down.cut = this.#down.cut || random.chance(0.7);
    this.#stall(this.#up);
    this.#stall(this.#down);
    this.world.note(this.id, 'breaks', this.#up.cut, this.#down.cut);
    const notice = [0, 50, 2_000, 60_000, Infinity];
    for (const run of [() => this.#leave(), () => this.#finish()]) {
      const delayMs = random.pick(notice);
      if (delayMs < Infinity) {
        clock.after(delayMs, run);
      }
    }
  }

  /** Whether the client may believe for ever in what is no longer there. */
  isBroken = false;

  /** The room's process is gone, and with it what is under way. */
  die(): void {
    const {random, clock} = this.world;
    this.#leave();
    this.#up.cut = true;
    this.#down.cut ||= random.chance(0.7);
    clock.after(random.pick([0, 1, 500, 20_000]), () => this.#finish());
  }

  #leave(): void {
    if (!this.hasLeft) {
      this.hasLeft = true;
      this.host.leave(this);
    }
  }

  #finish(): void {
    if (!this.isDone) {
      this.isOpen = false;
      this.isDone = true;
      this.end.onClose();
    }
  }

  #stall(direction: Direction): void {
    const {clock, random} = this.world;
    direction.stalledUntil = clock.now + random.pick([0, 0, 300, 4_000]);
  }

  #travel(direction: Direction, arrive: () => void, always = false): void {
    const {clock, random, profile} = this.world;
    direction.at = Math.max(
      direction.at,
      clock.now + random.delay(profile.networkMs),
    );
    const deliver = (): void => {
      if (clock.now < direction.stalledUntil) {
        clock.at(direction.stalledUntil, deliver);
      } else if (always || !direction.cut) {
        arrive();
      }
    };
    clock.at(direction.at, deliver);
  }
}
