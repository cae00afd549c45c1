/** A client of ours: the real Persister on a fake socket, and what it must show. */
import {createStore, type Store} from 'tinybase';
import {createPartyKitPersister} from '../../src/client/persister.js';
import type {PartyKitPersister} from '../../src/client/types.js';
import {ClientChecks} from './client-checks.js';
import type {Device} from './device.js';
import {createContent, type Source, transact} from './edits.js';
import type {Place} from './fake-http.js';
import {FakeSocket} from './fake-socket.js';
import type {Ledger} from './ledger.js';
import type {Random} from './random.js';
import type {World} from './world.js';

export class SimClient {
  readonly store: Store = createStore();
  readonly socket: FakeSocket;
  readonly persister: PartyKitPersister;
  readonly checks: ClientChecks;
  isDestroyed = false;
  isWriting = false;
  /** Has not loaded or saved by itself all the time. */
  isToggled = false;
  /** What the app, and whoever uses it, does by chance. */
  readonly #random: Random;
  readonly #source: Source;
  #transactions = 0;

  constructor(
    readonly world: World,
    readonly name: string,
    readonly places: {[room: string]: Place},
  ) {
    world.clock.owner = name;
    let tokens = 0;
    const {profile} = world;
    this.#random = world.random.of(`app of ${name}`);
    this.#source = {
      random: world.random.of(`edits of ${name}`),
      createToken: () => `${name}#${++tokens}`,
      bigCells: profile.bigCells,
    };
    this.socket = new FakeSocket(
      world,
      name,
      Object.fromEntries(
        Object.entries(places).map(([room, {host}]) => [room, host]),
      ),
      profile.sharedIds ? 'shared' : name,
    );
    this.checks = new ClientChecks(this);
    this.persister = createPartyKitPersister(
      this.store,
      this.socket as any,
      {storePath: `/store/${name}`},
      (error) => this.checks.onError(error),
    );
    this.persister.addSyncStateListener(() => this.react());
    this.store.addDidFinishTransactionListener(() =>
      this.checks.onTransaction(),
    );
    if (profile.derivedWrites) {
      this.#derive();
    }
  }

  get device(): Device {
    return this.world.getDevice(this.name);
  }

  /** What is known of the room that it is in. */
  get ledger(): Ledger {
    return this.places[this.socket.room]!.ledger;
  }

  /** The app takes the socket to the other room. */
  move(): void {
    const {world, socket, places, name} = this;
    world.count('move');
    socket.room = Object.keys(places).find((room) => room != socket.room)!;
    world.note(name, 'moves to', socket.room);
    this.checks.onMove();
    world.clock.after(this.#random.pick([0, 0, 300]), () => {
      if (!this.isDestroyed) {
        socket.reconnect();
      }
    });
  }

  /** Starts, by chance with something in the Store already. */
  begin(): void {
    const {profile} = this.world;
    const random = this.#random;
    if (random.chance(profile.localContent)) {
      this.store.setContent(createContent(this.#source));
    }
    this.world.note(this.name, 'starts');
    void this.persister.startAutoPersisting(
      random.chance(profile.initialContent)
        ? createContent(this.#source)
        : undefined,
      random.chance(0.1),
    );
  }

  /** Makes sure that it loads and saves by itself. */
  persist(): void {
    if (this.isToggled) {
      this.world.clock.owner = this.name;
      void this.persister.startAutoPersisting();
    }
  }

  toggle(): void {
    const {persister, world, name} = this;
    const action = this.#random.pick([
      'startAutoLoad',
      'stopAutoLoad',
      'startAutoSave',
      'stopAutoSave',
      'startAutoPersisting',
      'stopAutoPersisting',
    ] as const);
    world.note(name, action);
    this.isToggled = true;
    void persister[action]();
  }

  /** What an app may do in any of its listeners. */
  react(): void {
    const {world, persister, socket, name} = this;
    if (!this.isWriting && world.fault('app reacts', world.profile.reactions)) {
      world.note(name, 'reacts');
      this.#random.weigh<() => unknown>([
        [4, () => this.write()],
        [1, () => socket.reconnect()],
        [1, () => persister.save()],
        [1, () => persister.load()],
        [1, () => this.goOffline()],
      ])();
    }
  }

  /** The app closes its connection for a while. */
  goOffline(): void {
    const {clock} = this.world;
    this.socket.close();
    const comeBack = () => {
      if (!this.isDestroyed) {
        this.socket.reconnect();
      }
    };
    clock.after(this.#random.pick([10, 1_000, 30_000]), comeBack, this.name);
  }

  /** The app loads by hand, whatever is under way. */
  reload(): void {
    this.world.note(this.name, 'loads');
    void this.persister.load();
  }

  save(): void {
    this.world.note(this.name, 'saves');
    void this.persister.save();
  }

  write(): void {
    const {store, world, name} = this;
    this.isWriting = true;
    world.count('write');
    transact(store, this.#source, () => {
      if (world.profile.markers) {
        store.setCell('m', name, 'n', ++this.#transactions);
      }
    });
    this.isWriting = false;
  }

  destroy(): void {
    this.world.clock.owner = this.name;
    this.world.note(this.name, 'is destroyed');
    this.world.count('client destroyed');
    this.isDestroyed = true;
    void this.persister.destroy();
    this.socket.close();
  }

  /** Makes `b` follow `a`, also where the room has changed it. */
  #derive(): void {
    this.store.addCellListener(
      't1',
      null,
      'a',
      (store, tableId, rowId, cellId) => {
        const cell = store.getCell(tableId, rowId, cellId);
        if (cell !== undefined) {
          store.setCell(
            tableId,
            rowId,
            'b',
            `derived ${JSON.stringify(cell).length}`,
          );
        }
      },
      true,
    );
  }
}
