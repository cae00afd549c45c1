/** A client of ours: the real session over a fake socket, and what it must show. */
import {createStore, type Store} from 'tinybase';
import {createSession, type Session} from '../../src/client/session.js';
import {transact} from './edits.js';
import type {FakeHttp} from './fake-http.js';
import {FakeSocket} from './fake-socket.js';
import {applyToFlat, describeDifference, flatten, type FlatContent} from './flat-content.js';
import {getTokens, type Ledger} from './ledger.js';
import type {WireHost} from './network.js';
import type {World} from './world.js';

export class SimClient {
  readonly store: Store = createStore();
  readonly socket: FakeSocket;
  readonly session: Session;
  /** Changes of this client's own transactions, oldest first. */
  readonly written: any[] = [];
  readonly errors: any[] = [];
  isDestroyed = false;
  isStarted = false;
  #tokens = 0;
  #writing = false;
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
    this.#countTransactions();
    this.session = createSession(
      this.store,
      this.socket as any,
      {},
      {
        onError: (error) => this.#onError(error),
        onChange: () => {},
      },
      {
        fetch: (url, init) => http.fetch(name, url, init),
        setTimeout: (run, ms) => clock.after(ms == 1000 ? 1e9 : ms, run),
        clearTimeout: (timer) => clock.cancel(timer),
        now: () => clock.now,
        random: () => random.next(),
        createId: () => `${name}.${world.createId()}`,
      },
    );
    this.store.addDidFinishTransactionListener(() => this.#onTransaction());
  }

  /** As createPartyKitPersister's `startAutoPersisting` does. */
  async start(initialContent?: any): Promise<void> {
    const {session} = this;
    this.world.note(this.name, 'starts');
    session.setAutoSave(true);
    this.isStarted = true;
    session.setAutoLoad(true);
    await session.load(initialContent).catch((error) => this.#onError(error));
    if (!this.isDestroyed) {
      await session.save().catch((error) => this.#onError(error));
      session.join();
    }
  }

  write(): void {
    const {world, name} = this;
    this.#writing = true;
    transact(this.store, world.random, () => `${name}#${++this.#tokens}`);
    this.#writing = false;
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

  /** G4: pending writes show, whatever has arrived. */
  checkPending(): void {
    const pendingCount = this.session.getPendingCount();
    if (pendingCount) {
      const shown = this.getFlat();
      const expected = new Map(shown);
      for (const changes of this.written.slice(-pendingCount)) {
        applyToFlat(expected, changes);
      }
      const difference = describeDifference(shown, expected);
      this.world.expect(!difference, 'G4', () => `${this.name} shows ${difference}`);
    }
    this.world.expect(
      !this.socket.waitingCount,
      'G2',
      () => `${this.name} sent on a socket that is not open`,
    );
  }

  /** G6: a frame is one transaction at most. */
  #countTransactions(): void {
    let before = 0;
    this.socket.addEventListener('message', () => {
      before = this.#transactions;
      queueMicrotask(() =>
        this.world.expect(
          this.#transactions - before <= 1,
          'G6',
          () => `${this.name} shows a frame in ${this.#transactions - before} transactions`,
        ),
      );
    });
  }

  #onTransaction(): void {
    const changes: any = this.store.getTransactionChanges();
    if (!Object.keys(changes[0]).length && !Object.keys(changes[1]).length) {
      return;
    }
    const text = JSON.stringify(changes, (_, thing) => thing ?? null);
    this.world.note(this.name, this.#writing ? 'writes' : 'shows', text);
    if (this.#writing) {
      if (this.isStarted) {
        this.written.push(structuredClone(changes));
      }
    } else {
      this.#transactions++;
      for (const token of getTokens(text)) {
        this.world.expect(
          token.startsWith(`${this.name}#`) || this.ledger.tokens.has(token),
          'G5',
          () => `${this.name} shows ${token}, which is not durable`,
        );
      }
    }
  }

  #onError(error: any): void {
    this.errors.push(error);
    this.world.note(this.name, 'is told', error?.name ?? error?.status, error?.message);
    if (
      !(error instanceof TypeError && error.message == 'fetch failed') &&
      error?.status != 503 &&
      error?.name != 'RefusedError'
    ) {
      this.world.fail('G7', `${this.name} is told ${error?.stack ?? error}`);
    }
  }
}
