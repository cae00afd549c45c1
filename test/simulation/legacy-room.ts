/** A room of TinyBase's own server half, which our clients have to live with. */
import {
  loadStoreFromStorage,
  TinyBasePartyKitServer,
} from 'tinybase/persisters/persister-partykit-server';
import {flatten, type FlatContent} from './flat-content.js';
import type {Wire, WireHost} from './network.js';
import type {World} from './world.js';

const createStorage = (): any => {
  const things = new Map<string, unknown>();
  const storage = {
    get: (key: string) => Promise.resolve(things.get(key)),
    list: ({prefix = ''} = {}) =>
      Promise.resolve(
        new Map([...things].filter(([key]) => key.startsWith(prefix)).sort()),
      ),
    put: (entries: {[key: string]: unknown}) => {
      Object.entries(entries).forEach(([key, value]) => things.set(key, value));
      return Promise.resolve();
    },
    delete: (keys: string[]) => {
      keys.forEach((key) => things.delete(key));
      return Promise.resolve();
    },
    transaction: (run: (storage: any) => unknown) => run(storage),
  };
  return storage;
};

export class LegacyRoom implements WireHost {
  readonly #wires = new Set<Wire>();
  readonly #storage = createStorage();
  readonly #server: TinyBasePartyKitServer;

  constructor(readonly world: World) {
    this.#server = new TinyBasePartyKitServer({
      storage: this.#storage,
      broadcast: (frame: string, without: string[] = []) =>
        this.#wires.forEach((wire) => {
          if (!without.includes(wire.id)) {
            wire.sendDown(frame);
          }
        }),
    } as any);
  }

  accept(wire: Wire): void {
    this.#wires.add(wire);
  }

  leave(wire: Wire): void {
    this.#wires.delete(wire);
  }

  receive(wire: Wire, frame: string): void {
    this.world.note('room <', wire.id, frame.slice(0, 60));
    void this.#server.onMessage(frame, {id: wire.id} as any);
  }

  request(request: Request): Promise<Response> {
    return this.#server.onRequest(
      // Theirs looks at the end of the path, where ours names the client.
      {
        url: 'https://room.test/store',
        method: request.method,
        text: () => request.text(),
      } as any,
    );
  }

  async read(): Promise<FlatContent> {
    return flatten(await loadStoreFromStorage(this.#storage));
  }
}
