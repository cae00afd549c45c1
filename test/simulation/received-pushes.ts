/** What a room is sent: each push of each client, put together and told apart. */
import type {Wire} from './network.js';
import type {World} from './world.js';

export type Push = {
  clientId: string;
  id: number;
  text: string;
  changes: any;
  wireId: string;
};

/** The position that a hello names. */
export type Hello = {epoch: unknown; offset: unknown};

export class ReceivedPushes {
  /** Each client's pushes by their mutation ids, however often they came. */
  readonly byClient = new Map<string, Map<number, string>>();
  /** By their nonces. */
  readonly hellos = new Map<string, Hello>();
  /** Which client ids whose device has called itself. */
  readonly #clientIds = new Map<string, Set<string>>();
  readonly #fragments = new Map<Wire, string[]>();

  constructor(readonly world: World) {}

  getClientIds(owner: string): string[] {
    return [...(this.#clientIds.get(owner) ?? [])];
  }

  /** Takes a frame; answers the push that is complete with it. */
  receive(wire: Wire, frame: string): Push | undefined {
    switch (frame[0]) {
      case 'h':
        this.#receiveHello(wire, frame);
        return undefined;
      case 'p': {
        const [, id, text] = /^p\[(\d+),(.*)\]$/s.exec(frame) ?? [];
        return text ? this.#complete(wire, +id!, text) : undefined;
      }
      case 'f': {
        const [header, id, index, count] =
          /^f\[(\d+),(\d+),(\d+)\]/.exec(frame) ?? [];
        if (!header) {
          return undefined;
        }
        const pieces = +index! ? (this.#fragments.get(wire) ?? []) : [];
        pieces.push(frame.slice(header.length));
        this.#fragments.set(wire, pieces);
        return pieces.length == +count!
          ? this.#complete(wire, +id!, pieces.join(''))
          : undefined;
      }
      default:
        return undefined;
    }
  }

  #receiveHello(wire: Wire, frame: string): void {
    let hello: unknown;
    try {
      hello = JSON.parse(frame.slice(1));
    } catch {
      return;
    }
    if (Array.isArray(hello)) {
      const [, clientId, nonce, epoch, offset] = hello;
      const clientIds = this.#clientIds.get(wire.owner) ?? new Set();
      this.#clientIds.set(wire.owner, clientIds.add(clientId));
      this.hellos.set(nonce, {epoch, offset});
    }
  }

  #complete(wire: Wire, id: number, text: string): Push | undefined {
    const {clientId} = (wire.attachment ?? {}) as {clientId?: string};
    if (!clientId || this.world.profile.hostile) {
      return undefined;
    }
    const pushes = this.byClient.get(clientId) ?? new Map<number, string>();
    this.byClient.set(clientId, pushes);
    this.world.count(pushes.has(id) ? 'push sent again' : 'push');
    this.world.expect(
      (pushes.get(id) ?? text) == text,
      'G2',
      () => `push ${id} of ${wire.owner} was ${pushes.get(id)}, is ${text}`,
    );
    pushes.set(id, text);
    return {clientId, id, text, changes: JSON.parse(text), wireId: wire.id};
  }
}
