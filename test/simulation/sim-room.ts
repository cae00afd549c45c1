/** The room and what it runs on: its life, its connections, its requests. */
import {Room} from '../../src/server/room.js';
import {getRoomLimits} from '../../src/protocol/limits.js';
import type {Greeting, RoomEdge} from '../../src/server/room-edge.js';
import {respondToStoreRequest} from '../../src/server/store-http.js';
import type {Source} from './edits.js';
import {FakeStorage} from './fake-storage.js';
import type {Ledger} from './ledger.js';
import type {Wire, WireHost} from './network.js';
import {createTakeover, writeAsApp} from './own-writes.js';
import {createRules, type Rules} from './rules.js';
import type {World} from './world.js';

/** A commit of small limits, or the changes that a welcome carries. */
const LONGEST_FRAME = 3_000;

type SimConnection = {readonly id: string; readonly wire: Wire};

export class SimRoom implements WireHost {
  readonly storage: FakeStorage;
  readonly rules: Rules;
  room!: Room<SimConnection>;
  #connections = new Map<Wire, SimConnection>();
  #life = 0;
  #busy = 0;
  readonly #source: Source;
  #dying: (() => void)[] = [];
  /** When the room was last doing something. */
  #activeAt = 0;

  constructor(
    readonly world: World,
    readonly ledger: Ledger,
    /** What the room's own values begin with. */
    readonly letter = 'r',
  ) {
    let tokens = 0;
    this.#source = {
      random: world.random.of(`edits of ${letter}`),
      createToken: () => `${letter}#${++tokens}`,
      bigCells: world.profile.bigCells,
    };
    this.rules = createRules(world, () => this.room.store);
    this.storage = ledger.storage = new FakeStorage(world, letter, {
      onDurable: (writes) => ledger.onDurable(writes),
      onOperation: (name) => this.#onOperation(name),
    });
    if (world.profile.takeover) {
      const [entries, content] = createTakeover(world, this.#source);
      ledger.takenOver = content;
      this.storage.fill(entries);
    }
    this.#boot();
  }

  #boot(): void {
    const {world} = this;
    const life = ++this.#life;
    const isAlive = () => life == this.#life;
    const random = world.random.of(`room ${this.letter}`);
    this.#busy = 0;
    this.ledger.model.forget();
    const edge: RoomEdge<SimConnection> = {
      storage: this.storage.open(),
      storagePrefix: this.rules.storagePrefix,
      messagePrefix: '',
      limits: getRoomLimits(),
      hasFeed: false,
      historyLimit: undefined,
      hooks: this.rules.hooks,
      hasHooks: () => this.rules.hasHooks,
      hasAuthors: () => false,
      getAuthor: () => undefined,
      needsStore: () => this.rules.hasSchema,
      createStore: this.rules.createStore,
      getConnections: () => (isAlive() ? [...this.#connections.values()] : []),
      send: ({wire}, frame) => {
        if (isAlive()) {
          this.ledger.frames.check(frame);
          this.#checkUnread(wire, frame);
          wire.sendDown(frame);
        }
      },
      close: ({wire}, code, reason) => {
        if (isAlive()) {
          world.note('room closes', wire.id, code, reason);
          world.count(`closed ${code}`);
          if (reason == 'The room could not use its storage') {
            this.ledger.model.forget();
          }
          wire.closeByRoom();
        }
      },
      remember: ({wire}, greeting) => {
        wire.attachment = structuredClone(greeting);
        this.ledger.remember(wire, greeting);
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
        const begin = () => {
          if (finish()) {
            run();
          }
        };
        world.clock.after(delayMs + random.int(3), begin, '');
        return () => void finish();
      },
    };
    this.room = new Room(edge);
  }

  /** G7: the platform keeps all that is unread, so the room must not send on. */
  #checkUnread(wire: Wire, frame: string): void {
    const {MAX_UNREAD_LENGTH, PING_LENGTH} = this.world.profile.limits;
    this.world.expect(
      frame[0] != 'c' ||
        wire.unreadLength <= MAX_UNREAD_LENGTH! + PING_LENGTH! + LONGEST_FRAME,
      'G7',
      () => `${wire.unreadLength} units are unread on ${wire.id}`,
    );
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
    this.#connections.set(wire, {id: wire.connectionId, wire});
  }

  receive(wire: Wire, frame: string): void {
    this.world.note('room <', wire.id, frame.slice(0, 60));
    this.ledger.receive(wire, frame);
    this.track(this.room.receive(this.#connections.get(wire)!, frame));
  }

  leave(wire: Wire): void {
    this.#connections.delete(wire);
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** The room's own code does something. */
  write(): void {
    this.track(writeAsApp(this.world, this.room, this.#source));
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
    this.world.count('eviction');
    for (const wire of this.#connections.keys()) {
      this.#connections.set(wire, {id: wire.connectionId, wire});
      if (this.world.fault('attachment lost', 0.1)) {
        this.world.note('attachment lost', wire.id);
        wire.attachment = undefined;
      }
    }
    this.#boot();
  }

  /** Dies at once, and comes back with what was durable. */
  crash(): void {
    this.world.note('room crashes');
    this.world.count('crash');
    this.storage.crash();
    const wires = [...this.#connections.keys()];
    const dying = this.#dying;
    this.#dying = [];
    this.#boot();
    wires.forEach((wire) => wire.die());
    dying.forEach((die) => die());
  }

  /** Dies, by chance, of what it is asking of storage. */
  #onOperation(name: string): void {
    const {storageCrashes} = this.world.profile;
    // What is rarely done is as good a moment as what is done all the time.
    const probability = storageCrashes * (name.startsWith('snapshot') ? 10 : 1);
    if (name && this.world.fault(`crash at ${name}`, probability)) {
      this.crash();
    }
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
