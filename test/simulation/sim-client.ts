/** A client of ours: the real Persister on a fake socket, and what it must show. */
import {createStore, type Store} from 'tinybase';
import {createPartyKitPersister} from '../../src/client/persister.js';
import type {PartyKitPersister} from '../../src/client/types.js';
import {ClientChecks} from './client-checks.js';
import {createContent, transact} from './edits.js';
import type {Place} from './fake-http.js';
import {FakeSocket} from './fake-socket.js';
import type {Ledger} from './ledger.js';
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
  #tokens = 0;
  #transactions = 0;

  constructor(
    readonly world: World,
    readonly name: string,
    readonly places: {[room: string]: Place},
  ) {
    this.socket = new FakeSocket(
      world,
      name,
      Object.fromEntries(
        Object.entries(places).map(([room, {host}]) => [room, host]),
      ),
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
    if (world.profile.derivedWrites) {
      this.#derive();
    }
  }

  #createToken = (): string => `${this.name}#${++this.#tokens}`;

  #createContent = (): any =>
    createContent(this.world.random, this.#createToken);

  /** What is known of the room that it is in. */
  get ledger(): Ledger {
    return this.places[this.socket.room]!.ledger;
  }

  /** The app takes the socket to the other room. */
  move(): void {
    const {world, socket, places, name} = this;
    socket.room = Object.keys(places).find((room) => room != socket.room)!;
    world.note(name, 'moves to', socket.room);
    this.checks.onMove();
    world.clock.after(world.random.pick([0, 0, 300]), () => {
      if (!this.isDestroyed) {
        socket.reconnect();
      }
    });
  }

  /** Starts, by chance with something in the Store already. */
  begin(): void {
    const {random, profile} = this.world;
    if (random.chance(profile.localContent)) {
      this.store.setContent(this.#createContent());
    }
    this.world.note(this.name, 'starts');
    void this.persister.startAutoPersisting(
      random.chance(profile.initialContent) ? this.#createContent() : undefined,
      random.chance(0.1),
    );
  }

  /** Makes sure that it loads and saves by itself. */
  persist(): void {
    if (this.isToggled) {
      void this.persister.startAutoPersisting();
    }
  }

  toggle(): void {
    const {persister, world, name} = this;
    const action = world.random.pick([
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
    if (!this.isWriting && world.fault(world.profile.reactions)) {
      world.note(name, 'reacts');
      world.random.weigh<() => unknown>([
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
    const {clock, random} = this.world;
    this.socket.close();
    clock.after(random.pick([10, 1_000, 30_000]), () => {
      if (!this.isDestroyed) {
        this.socket.reconnect();
      }
    });
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
    transact(store, world.random, this.#createToken, () => {
      if (world.profile.markers) {
        store.setCell('m', name, 'n', ++this.#transactions);
      }
    });
    this.isWriting = false;
  }

  destroy(): void {
    this.world.note(this.name, 'is destroyed');
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
