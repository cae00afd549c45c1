/** A client of ours: the real session over a fake socket, and what it must show. */
import {createStore, type Store} from 'tinybase';
import {createSession, type Session} from '../../src/client/session.js';
import {ClientChecks} from './client-checks.js';
import {createContent, transact} from './edits.js';
import type {FakeHttp} from './fake-http.js';
import {FakeSocket} from './fake-socket.js';
import {flatten, type FlatContent} from './flat-content.js';
import type {Ledger} from './ledger.js';
import type {WireHost} from './network.js';
import type {World} from './world.js';

/** Above those that the session itself waits: in this world rooms are ours. */
const isLegacyTimeout = (ms: number) => ms == 1_000;

export class SimClient {
  readonly store: Store = createStore();
  readonly socket: FakeSocket;
  readonly session: Session;
  readonly checks: ClientChecks;
  isDestroyed = false;
  isStarted = false;
  isWriting = false;
  #tokens = 0;
  #transactions = 0;

  constructor(
    readonly world: World,
    readonly name: string,
    host: WireHost,
    http: FakeHttp,
    readonly ledger: Ledger,
  ) {
    const {clock, random} = world;
    this.socket = new FakeSocket(world, name, host);
    this.checks = new ClientChecks(this);
    this.session = createSession(
      this.store,
      this.socket as any,
      {},
      {onError: (error) => this.checks.onError(error), onChange: () => {}},
      {
        fetch: (url, init) => http.fetch(name, url, init),
        setTimeout: (run, ms) =>
          clock.after(isLegacyTimeout(ms) ? 1e9 : ms, run),
        clearTimeout: (timer) => clock.cancel(timer),
        now: () => clock.now,
        random: () => random.next(),
        createId: () => `${name}.${world.createId()}`,
      },
    );
    this.store.addDidFinishTransactionListener(() =>
      this.checks.onTransaction(),
    );
    if (world.profile.derivedWrites) {
      this.#derive();
    }
  }

  #createToken = (): string => `${this.name}#${++this.#tokens}`;

  /** Starts, by chance with something in the Store already. */
  begin(): void {
    const {random, profile} = this.world;
    if (random.chance(profile.localContent)) {
      this.store.setContent(createContent(random, this.#createToken));
    }
    void this.start(
      random.chance(profile.initialContent)
        ? createContent(random, this.#createToken)
        : undefined,
    );
  }

  /** As createPartyKitPersister's `startAutoPersisting` does. */
  async start(initialContent?: any): Promise<void> {
    const {session, checks} = this;
    this.world.note(this.name, 'starts');
    session.setAutoSave(true);
    this.isStarted = true;
    session.setAutoLoad(true);
    await session.load(initialContent).catch((error) => checks.onError(error));
    if (!this.isDestroyed) {
      await session.save().catch((error) => checks.onError(error));
      session.join();
    }
  }

  /** The app loads by hand, whatever the session is doing. */
  reload(): void {
    this.world.note(this.name, 'loads');
    void this.session.load().catch((error) => this.checks.onError(error));
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
    this.session.setAutoSave(false);
    this.session.setAutoLoad(false);
    this.session.destroy();
    this.socket.close();
  }

  getFlat(): FlatContent {
    return flatten(this.store.getContent());
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
