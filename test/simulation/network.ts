/**
 * Connections: ordered both ways, delayed, and broken in every way: noticed by
 * both ends, by one, or by none for a long time.
 */
import type {Random} from './random.js';
import type {World} from './world.js';

type Direction = {
  /** Whose device the frames arrive on; '' is the room's. */
  to: string;
  /** What is to arrive, oldest first. */
  underWay: (() => void)[];
  /** When the last frame under way arrives: the next comes no sooner. */
  at: number;
  /** Nothing arrives before this: the line stands still, and loses nothing. */
  stalledUntil: number;
  /** Frames are lost from here on. */
  cut: boolean;
};

const createDirection = (to: string): Direction => ({
  to,
  underWay: [],
  at: 0,
  stalledUntil: 0,
  cut: false,
});

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

export type WireConfig = {
  /** Told apart from all other wires. */
  id: string;
  /** What the client calls its connection; two tabs may call theirs the same. */
  connectionId: string;
  /** Whose device the client runs on. */
  owner: string;
};

/** One WebSocket, from the attempt to connect to both ends having left it. */
export class Wire {
  readonly id: string;
  readonly connectionId: string;
  readonly owner: string;
  /** What the room keeps with the connection while it sleeps. */
  attachment: unknown;
  /** The room's end. */
  accepted = false;
  hasLeft = false;
  /** The client's end. */
  isOpen = false;
  isDone = false;
  /** How much of what the room has sent has not arrived. */
  unreadLength = 0;
  readonly #random: Random;
  readonly #up = createDirection('');
  readonly #down: Direction;

  constructor(
    readonly world: World,
    {id, connectionId, owner}: WireConfig,
    readonly end: WireEnd,
    readonly host: WireHost,
  ) {
    this.id = id;
    this.connectionId = connectionId;
    this.owner = owner;
    this.#random = world.random.of(`wire ${id}`);
    this.#down = createDirection(owner);
    this.#travel(this.#up, () => {
      if (world.fault('connection refused', world.profile.drops)) {
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
      this.unreadLength += frame.length;
      this.#travel(this.#down, () => {
        this.unreadLength -= frame.length;
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
    if (world.fault('closed while sending', 0.3)) {
      this.#up.cut = true;
    }
    this.#stall(this.#up);
    const lateMs = this.#random.pick([0, 0, 100, 5_000]);
    world.clock.after(
      lateMs,
      () => this.#travel(this.#up, () => this.#leave(), true),
      '',
    );
  }

  /** The room closes: frames that it sent before arrive first, if any does. */
  closeByRoom(): void {
    this.#leave();
    this.#travel(this.#down, () => this.#finish());
  }

  /** Nothing arrives for a while, and nothing is lost. */
  standStill(): void {
    this.world.count('line stands still');
    this.#stall(this.#up);
    this.#stall(this.#down);
  }

  /** The line breaks. Either end may learn of it late, or keep on believing. */
  breakLine(): void {
    const random = this.#random;
    this.isBroken = true;
    this.#up.cut = this.#up.cut || random.chance(0.7);
    this.#down.cut = this.#down.cut || random.chance(0.7);
    this.#stall(this.#up);
    this.#stall(this.#down);
    this.world.note(this.id, 'breaks', this.#up.cut, this.#down.cut);
    this.world.count('line broken');
    const notice = [0, 50, 2_000, 60_000, Infinity];
    this.#later(random.pick(notice), '', () => this.#leave());
    this.#later(random.pick(notice), this.owner, () => this.#finish());
  }

  /** Whether the client may believe for ever in what is no longer there. */
  isBroken = false;

  /** The room's process is gone, and with it what is under way. */
  die(): void {
    const random = this.#random;
    this.#leave();
    this.#up.cut = true;
    this.#down.cut ||= random.chance(0.7);
    this.isBroken = true;
    // A machine that is gone says no good-bye.
    this.#later(random.pick([0, 1, 500, 20_000, Infinity]), this.owner, () =>
      this.#finish(),
    );
  }

  #later(delayMs: number, owner: string, run: () => void): void {
    if (delayMs < Infinity) {
      this.world.clock.after(delayMs, run, owner);
    } else {
      this.world.count(owner ? 'half open at client' : 'half open at room');
    }
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
    direction.stalledUntil = Math.max(
      direction.stalledUntil,
      this.world.clock.now + this.#random.pick([0, 0, 300, 4_000]),
    );
  }

  #travel(direction: Direction, arrive: () => void, always = false): void {
    const {clock, profile} = this.world;
    direction.at = Math.max(
      direction.at,
      clock.now + this.#random.delay(profile.networkMs),
    );
    direction.underWay.push(() => (always || !direction.cut) && arrive());
    const deliver = (): void => {
      if (clock.now < direction.stalledUntil) {
        clock.at(direction.stalledUntil, deliver, direction.to);
      } else {
        // Whichever was sent first: a stall must not let one overtake.
        direction.underWay.shift()!();
      }
    };
    clock.at(direction.at, deliver, direction.to);
  }
}
