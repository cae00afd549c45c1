/**
 * What docs/protocol.md says a room makes of frames, as plain as it goes: to
 * compare a room with that hears the same.
 */
import {
  applyToFlat,
  type FlatContent,
  toText,
} from '../simulation/flat-content.js';

const DELETED = '\uFFFC';
const ENCODED = '\uFFFD';

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const isObject = (thing: unknown): thing is object =>
  typeof thing == 'object' && thing !== null;

/** How deep objects are nested, counted no further than need be. */
const getDepth = (thing: unknown, most = 101): number =>
  isObject(thing) && most
    ? 1 +
      Math.max(
        0,
        ...Object.values(thing).map((child) => getDepth(child, most - 1)),
      )
    : 0;

/** The one spelling of a Cell or Value, or throws. */
const normaliseAtom = (thing: any): unknown => {
  const isEncoded = typeof thing == 'string' && thing.startsWith(ENCODED);
  const decoded = isEncoded ? JSON.parse(thing.slice(1)) : thing;
  if (
    (isEncoded && !isObject(decoded)) ||
    decoded === DELETED ||
    getDepth(decoded) > 100 ||
    (typeof decoded == 'number' && !Number.isFinite(decoded))
  ) {
    throw new TypeError('Not a Cell or Value');
  }
  return isObject(decoded) ? ENCODED + JSON.stringify(decoded) : decoded;
};

/** The one spelling of things by id, a tree of that depth, or throws. */
const normalise = (things: any, depth: number, deletable: boolean): object => {
  if (!isObject(things) || Array.isArray(things)) {
    throw new TypeError('Not things by id');
  }
  // Entries, for `__proto__` to be an id like any other.
  return Object.fromEntries(
    Object.entries(things).map(([id, thing]) => [
      id,
      deletable && thing === DELETED
        ? DELETED
        : depth
          ? normalise(thing, depth - 1, deletable)
          : normaliseAtom(thing),
    ]),
  );
};

/** Changes or content in their one spelling, or undefined if malformed. */
const normaliseList = (list: any, deletable: boolean): any => {
  try {
    const [tables, values, ...rest] = list;
    return JSON.stringify(rest) == (deletable ? '[1]' : '[]')
      ? [normalise(tables, 2, deletable), normalise(values, 0, deletable)]
      : undefined;
  } catch {
    return undefined;
  }
};

export const parseNaiveChanges = (text: string): any =>
  normaliseList(parse(text), true);

export const parseNaiveContent = (text: string): any =>
  normaliseList(parse(text), false);

type Peer = {
  clientId?: string;
  closed?: boolean;
  nonce?: string;
  lastId?: number;
  pieces?: {id: number; texts: string[]};
};

export class NaiveRoom<Connection extends object> {
  readonly content: FlatContent = new Map();
  readonly #peers = new Map<Connection, Peer>();
  readonly #answered = new Map<string, number>();
  #turn: (() => void)[] = [];

  getText(): string {
    return toText(this.content);
  }

  /** Takes a frame; what has to wait for its turn is done by `takeTurn`. */
  receive(connection: Connection, frame: unknown): void {
    const peer = this.#getPeer(connection);
    if (typeof frame != 'string' || peer.closed) {
      return;
    }
    const payload = frame.slice(1);
    switch (frame[0]) {
      case 'h':
        return this.#hear(peer, parse(payload));
      case 'p': {
        const [all, id] = /^\[(\d{1,15}),(?=[[{])/.exec(payload) ?? [];
        return all
          ? this.#push(peer, Number(id), payload.slice(all.length, -1))
          : undefined;
      }
      case 'f': {
        const [all, ...numbers] =
          /^\[(\d{1,15}),(\d{1,9}),(\d{1,9})\]/.exec(payload) ?? [];
        return all
          ? this.#collect(peer, numbers.map(Number), payload.slice(all.length))
          : undefined;
      }
      case 's':
        return this.#push(peer, 0, payload);
      default:
    }
  }

  takeTurn(): void {
    this.#turn.splice(0).forEach((run) => run());
  }

  #getPeer(connection: Connection): Peer {
    const peer = this.#peers.get(connection) ?? {};
    this.#peers.set(connection, peer);
    return peer;
  }

  #hear(peer: Peer, hello: unknown): void {
    if (!Array.isArray(hello)) {
      return;
    }
    const [version, clientId, nonce] = hello;
    const isId = (id: unknown) =>
      typeof id == 'string' && id.length >= 1 && id.length <= 64;
    if (version !== 1 || !isId(clientId) || !isId(nonce)) {
      peer.closed = true;
      return;
    }
    peer.nonce = nonce;
    this.#turn.push(() => {
      // Only the latest counts.
      if (!peer.closed && peer.nonce == nonce) {
        for (const other of this.#peers.values()) {
          if (other != peer && other.clientId == clientId) {
            other.closed = true;
          }
        }
        peer.clientId = clientId;
        peer.lastId = peer.pieces = undefined;
      }
    });
  }

  #collect(peer: Peer, [id, index, count]: number[], text: string): void {
    peer.pieces = index ? peer.pieces : {id: id!, texts: []};
    if (peer.pieces?.id != id || peer.pieces?.texts.length != index) {
      peer.closed = true;
      return;
    }
    peer.pieces!.texts.push(text);
    if (peer.pieces!.texts.length >= count!) {
      const whole = peer.pieces!.texts.join('');
      peer.pieces = undefined;
      this.#push(peer, id!, whole);
    }
  }

  #push(peer: Peer, id: number, text: string): void {
    const changes = parseNaiveChanges(text);
    this.#turn.push(() => {
      if (peer.closed || (id && !this.#isNext(peer, id))) {
        return;
      }
      if (changes) {
        applyToFlat(this.content, changes);
      }
    });
  }

  #isNext(peer: Peer, id: number): boolean {
    const {clientId, lastId} = peer;
    if (!clientId) {
      return false;
    }
    if (id <= (this.#answered.get(clientId) ?? 0)) {
      // Sent again; what follows is to follow on it.
      peer.lastId = Math.max(lastId ?? 0, id);
      return false;
    }
    if (lastId !== undefined && id != lastId + 1) {
      peer.closed = true;
      return false;
    }
    peer.lastId = id;
    this.#answered.set(clientId, id);
    return true;
  }
}
