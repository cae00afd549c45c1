/** TinyBase's own client half, on the same fake socket. */
import {createStore, type Store} from 'tinybase';
import type {Persister} from 'tinybase/persisters';
import {createPartyKitPersister} from 'tinybase/persisters/persister-partykit-client';
import {transact} from './edits.js';
import type {FakeHttp} from './fake-http.js';
import {FakeSocket} from './fake-socket.js';
import {flatten, type FlatContent} from './flat-content.js';
import {getTokens, type Ledger} from './ledger.js';
import type {WireHost} from './network.js';
import type {World} from './world.js';

/** The persister calls the global `fetch`: which client's, it says by its path. */
const fetches = new Map<string, typeof fetch>();

export const patchFetch = (): (() => void) => {
  const realFetch = globalThis.fetch;
  globalThis.fetch = (url, init) =>
    fetches.get(new URL(url as string).pathname.split('/').at(-1)!)!(url, init);
  return () => {
    globalThis.fetch = realFetch;
    fetches.clear();
  };
};

export class LegacyClient {
  readonly store: Store = createStore();
  readonly socket: FakeSocket;
  readonly #persister: Persister;
  #tokens = 0;
  #writing = false;

  constructor(
    readonly world: World,
    readonly name: string,
    host: WireHost,
    http: FakeHttp,
    readonly ledger: Ledger,
  ) {
    this.socket = new FakeSocket(world, name, host);
    fetches.set(name, (url, init) => http.fetch(name, url as string, init));
    this.store.addDidFinishTransactionListener(() => this.#onTransaction());
    const persister = (this.#persister = createPartyKitPersister(
      this.store,
      this.socket as any,
      {storePath: `/store/${name}`},
      (error) => world.note(name, 'is told', error?.status ?? error),
    ));
    // Once it is open: what it misses before that TinyBase's never learns.
    this.socket.addEventListener('open', () => {
      if (this.socket.opens == 1) {
        void persister.startAutoPersisting();
      }
    });
  }

  /** Whether it can have heard all there was to hear. */
  get isSound(): boolean {
    const {opens, ends, wire} = this.socket;
    return opens == 1 && !ends && !wire?.isBroken;
  }

  /** Writes, but for when TinyBase's own persister would drop it. */
  write(): void {
    if (!this.#persister.isAutoSaving() || this.#persister.getStatus() == 1) {
      return;
    }
    this.#writing = true;
    transact(this.store, this.world.random, () => `${this.name}#${++this.#tokens}`);
    this.#writing = false;
  }

  getFlat(): FlatContent {
    return flatten(this.store.getContent());
  }

  #onTransaction(): void {
    const text = JSON.stringify(
      this.store.getTransactionChanges(),
      (_, thing) => (thing === undefined ? '\uFFFC' : thing),
    );
    if (text == '[{},{},1]') {
      return;
    }
    this.world.note(this.name, this.#writing ? 'writes' : 'shows', text);
    if (!this.#writing) {
      for (const token of getTokens(text)) {
        this.world.expect(
          token.startsWith(`${this.name}#`) || this.ledger.tokens.has(token),
          'G5',
          () => `${this.name} shows ${token}, which is not durable`,
        );
      }
    }
  }
}
