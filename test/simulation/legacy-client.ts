/** TinyBase's own client half, on the same fake socket. */
import {createStore, type Store} from 'tinybase';
import type {Persister} from 'tinybase/persisters';
import {createPartyKitPersister} from 'tinybase/persisters/persister-partykit-client';
import {transact} from './edits.js';
import {FakeSocket} from './fake-socket.js';
import type {WireHost} from './network.js';
import {getTokens} from './tokens.js';
import type {World} from './world.js';

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
  ) {
    this.socket = new FakeSocket(world, name, {room: host});
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
    this.world.clock.owner = this.name;
    this.#writing = true;
    this.world.count('legacy write');
    transact(this.store, {
      random: this.world.random.of(`edits of ${this.name}`),
      createToken: () => `${this.name}#${++this.#tokens}`,
      bigCells: this.world.profile.bigCells,
    });
    this.#writing = false;
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
          token.startsWith(`${this.name}#`) ||
            this.world.durableTokens.has(token),
          'G5',
          () => `${this.name} shows ${token}, which is not durable`,
        );
      }
    }
  }
}
