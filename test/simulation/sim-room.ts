/** The room and what it runs on: its life, its connections, its requests. */
import {Room} from '../../src/server/room.js';
import {getRoomLimits} from '../../src/protocol/limits.js';
import type {Greeting, RoomEdge} from '../../src/server/room-edge.js';
import {respondToStoreRequest} from '../../src/server/store-http.js';
import {FakeStorage} from './fake-storage.js';
import type {Ledger} from './ledger.js';
import type {Wire, WireHost} from './network.js';
import {createTakeover, writeAsApp} from './own-writes.js';
import {createRules, type Rules} from './rules.js';
import type {World} from './world.js';

type SimConnection = {readonly id: string; readonly wire: Wire};

export class SimRoom implements WireHost {
  readonly storage: FakeStorage;
  readonly rules: Rules;
  room!: Room<SimConnection>;
  #connections = new Map<Wire, SimConnection>();
  #life = 0;
  #busy = 0;
  #tokens = 0;
  #dying: (() => void)[] = [];
  /** When the room was last doing something. */
  #activeAt = 0;

  constructor(
    readonly world: World,
    readonly ledger: Ledger,
    /** What the room's own values begin with. */
    readonly letter = 'r',
  ) {
    this.rules = createRules(world, () => this.room.store);
    this.storage = ledger.storage = new FakeStorage(world, (writes) =>
      ledger.onDurable(writes),
    );
    if (world.profile.takeover) {
      const [entries, content] = createTakeover(world, this.#createToken);
      ledger.takenOver = content;
      this.storage.fill(entries);
    }
    this.#boot();
  }

  #createToken = (): string => `${this.letter}#${++this.#tokens}`;

  #boot(): void {
    const {world} = this;
    const life = ++this.#life;
    const isAlive = () => life == this.#life;
    this.#busy = 0;
    const edge: RoomEdge<SimConnection> = {
      storage: this.storage.open(),
      storagePrefix: this.rules.storagePrefix,
      messagePrefix: '',
      limits: getRoomLimits(),
      hooks: this.rules.hooks,
      hasHooks: () => this.rules.hasHooks,
      needsStore: () => this.rules.hasSchema,
      createStore: this.rules.createStore,
      getConnections: () => (isAlive() ? [...this.#connections.values()] : []),
      send: ({wire}, frame) => {
        if (isAlive()) {
          this.ledger.checkFrame(frame);
          wire.sendDown(frame);
        }
      },
      close: ({wire}, code, reason) => {
        if (isAlive()) {
          world.note('room closes', wire.id, code, reason);
          wire.closeByRoom();
        }
      },
      remember: ({wire}, greeting) => {
        wire.attachment = structuredClone(greeting);
      },
      recall: ({wire}) =>
        structuredClone(wire.attachment) as Greeting | undefined,
      createEpoch: () => world.createId(),
      createMark: () => world.createId(),
      now: () => world.clock.now,
      schedule: (run, delayMs = 0) => {
        this.#busy++;
        let isDone = false;
        const finish = (): boolean => {
          const isFirst = !isDone && isAlive();
          isDone = true;
          this.#busy -= isFirst ? 1 : 0;
          return isFirst;
        };
        world.clock.after(delayMs + world.random.int(3), () => {
          if (finish()) {
            run();
          }
        });
        return () => void finish();
      },
    };
    this.room = new Room(edge);
  }

  /** Counts what the room is doing, until it is done or the room has died. */
  track<Result>(promise: Promise<Result> | undefined): void {
    const life = this.#life;
    const finish = () => {
      if (life == this.#life) {
        this.#busy--;
        this.#activeAt = this.world.clock.now;
      }
    };
    this.#busy++;
    Promise.resolve(promise).then(finish, (error) => {
      finish();
      this.world.note('room', error);
      if (!/Storage failed|Hook failed/.test(String(error))) {
        this.world.fail('G7', `the room threw ${error?.stack ?? error}`);
      }
    });
  }

  accept(wire: Wire): void {
    this.#connections.set(wire, {id: wire.id, wire});
  }

  receive(wire: Wire, frame: string): void {
    this.world.note('room <', wire.id, frame.slice(0, 60));
    this.track(this.room.receive(this.#connections.get(wire)!, frame));
  }

  leave(wire: Wire): void {
    this.#connections.delete(wire);
  }

  /** The room's own code does something. */
  write(): void {
    this.track(writeAsApp(this.world, this.room, this.#createToken));
  }

  /** Idle for this long. */
  isIdle(forMs = 0): boolean {
    return (
      !this.#busy &&
      this.storage.isIdle &&
      this.world.clock.now - this.#activeAt >= forMs
    );
  }

  /** Sleeps and wakes: a new instance, on what connections remember. */
  evict(): void {
    this.world.note('room is evicted');
    for (const wire of this.#connections.keys()) {
      this.#connections.set(wire, {id: wire.id, wire});
      if (this.world.fault(0.1)) {
        this.world.note('attachment lost', wire.id);
        wire.attachment = undefined;
      }
    }
    this.#boot();
  }

  /** Dies at once, and comes back with what was durable. */
  crash(): void {
    this.world.note('room crashes');
    this.storage.crash();
    const wires = [...this.#connections.keys()];
    const dying = this.#dying;
    this.#dying = [];
    this.#boot();
    wires.forEach((wire) => wire.die());
    dying.forEach((die) => die());
  }

  /** Answers a request, or never where the room dies meanwhile. */
  request(request: Request): Promise<Response> {
    return new Promise((resolve, reject) => {
      this.#dying.push(() => reject(new TypeError('fetch failed')));
      const response = respondToStoreRequest(this.room, request, undefined);
      this.track(response);
      response.then(resolve, reject);
    });
  }
}
