/** What a client must show and be told, held against what it wrote. */
import {
  applyToFlat,
  describeDifference,
  type FlatContent,
  flatten,
  toText,
} from './flat-content.js';
import {getTokens} from './ledger.js';
import {isRefused} from './rules.js';
import type {SimClient} from './sim-client.js';

type Written = {changes: any; text: string; told: number};

const DELETED = '\uFFFC';
const encode = (_key: string, thing: unknown) =>
  thing === undefined ? DELETED : thing;

export class ClientChecks {
  /** This client's own transactions, oldest first. */
  readonly #written: Written[] = [];
  #transactions = 0;
  #dirty = true;
  /** A welcome has told it where it is. */
  #isWelcomed = false;
  #hasMoved = false;

  constructor(readonly client: SimClient) {
    // G6: a frame is one transaction at most.
    client.socket.addEventListener('message', ({data}: {data: string}) => {
      const before = this.#transactions;
      this.#isWelcomed ||= data[0] == 'w' && !!JSON.parse(data.slice(1))[2];
      queueMicrotask(() => {
        const count = this.#transactions - before;
        this.#expect(
          count <= 1,
          'G6',
          `shows a frame in ${count} transactions`,
        );
      });
    });
  }

  onMove(): void {
    this.#hasMoved = true;
    this.#isWelcomed = false;
  }

  #expect(holds: boolean, guarantee: string, message: string): void {
    const {world, name} = this.client;
    world.expect(holds, guarantee, () => `${name} ${message}`);
  }

  /** Whether the room, or the app, is such that only rest tells. */
  get #isLoose(): boolean {
    const {derivedWrites, legacyRoom} = this.client.world.profile;
    return derivedWrites || legacyRoom;
  }

  /** Whether a room may refuse, also content that it is offered. */
  get #mayRefuse(): boolean {
    const {hooks, schema} = this.client.world.profile;
    return hooks != 'none' || schema != 'none';
  }

  /** About: encoded twice, an object is a little longer. */
  get #maxPushLength(): number {
    return this.client.world.profile.limits.MAX_PUSH_LENGTH! * 0.8;
  }

  onTransaction(): void {
    const {client} = this;
    const {world, name, store} = client;
    const changes: any = store.getTransactionChanges();
    if (!Object.keys(changes[0]).length && !Object.keys(changes[1]).length) {
      return;
    }
    this.#dirty = true;
    const text = JSON.stringify(changes, encode);
    world.note(name, client.isWriting ? 'writes' : 'shows', text);
    if (client.isWriting) {
      if (client.persister.isAutoSaving()) {
        this.#written.push({changes: JSON.parse(text), text, told: 0});
      }
    } else {
      this.#transactions++;
      for (const token of getTokens(text)) {
        this.#expect(
          token.startsWith(`${name}#`) ||
            world.profile.legacyRoom ||
            world.durableTokens.has(token),
          'G5',
          `shows ${token}, which is not durable`,
        );
      }
    }
  }

  /** After each step. */
  check(): void {
    const {client} = this;
    const {persister, socket, ledger, isToggled} = client;
    this.#expect(
      !socket.waitingCount,
      'G2',
      'sent on a socket that is not open',
    );
    if (!this.#dirty || isToggled || this.#isLoose) {
      return;
    }
    this.#dirty = false;
    const pendingCount = persister.getPendingCount();
    const shown = flatten(client.store.getContent());
    if (pendingCount) {
      // G4: pending writes show, whatever has arrived.
      const expected = new Map(shown);
      // What is too long the client refuses itself, at once.
      const sendable = this.#written.filter(
        ({text, told}) => !told || text.length <= this.#maxPushLength,
      );
      for (const {changes} of sendable.slice(-pendingCount)) {
        applyToFlat(expected, changes);
      }
      const difference = describeDifference(shown, expected);
      this.#expect(!difference, 'G4', `shows ${difference}`);
    } else if (this.#isWelcomed && persister.getSyncState() == 'synced') {
      // G4: without, it shows what was the truth at some time.
      this.#expect(
        ledger.texts.has(toText(shown)),
        'G4',
        `shows what never was: ${describeDifference(shown, ledger.flat)}`,
      );
    }
  }

  onError(error: any): void {
    const {world, name} = this.client;
    this.client.react();
    world.note(name, 'is told', error?.name ?? error?.status, error?.message);
    if (error?.name == 'RefusedError' || error?.name == 'LostError') {
      for (const changes of error.changes) {
        const text = JSON.stringify(changes, encode);
        const written = this.#find(text);
        if (!this.#isLoose) {
          this.#expect(
            !!written || this.#mayRefuse,
            'G2',
            `never wrote what was refused: ${text}`,
          );
          this.#expect(
            !written?.told || this.#hasMoved,
            'G2',
            `is told twice of ${text}`,
          );
        }
        if (written) {
          written.told++;
        }
      }
    } else if (
      !(error instanceof TypeError && error.message == 'fetch failed') &&
      error?.status != 503
    ) {
      world.fail('G7', `${name} is told ${error?.stack ?? error}`);
    }
  }

  /** The oldest transaction of this text that it has not been told of. */
  #find(text: string): Written | undefined {
    const encoded = this.#written.filter(
      ({changes}) => toComparable(changes) == toComparable(JSON.parse(text)),
    );
    return encoded.find(({told}) => !told) ?? encoded[0];
  }

  /** At rest: each write was applied, or told to be refused. */
  checkAnswers(truth: FlatContent): void {
    const {client} = this;
    const {profile} = client.world;
    if (this.#isLoose) {
      return;
    }
    const isForgotten =
      profile.limits.MAX_CLIENTS! < 5 ||
      this.#written.filter(({told}) => told).length > 25;
    for (const {text, told} of this.#written) {
      const mustRefuse = profile.hooks != 'none' && isRefused(text);
      this.#expect(
        told > 0 || !mustRefuse || isForgotten,
        'G2',
        `was not told that ${text} is refused`,
      );
      this.#expect(
        !told ||
          this.#mayRefuse ||
          this.#hasMoved ||
          text.length > this.#maxPushLength,
        'G2',
        `was told that ${text} is refused`,
      );
    }
    const mark = truth.get(JSON.stringify(['t', 'm', client.name, 'n']));
    const last = this.#written
      .filter(({told, changes}) => !told && changes[0].m?.[client.name]?.n)
      .at(-1)?.changes[0].m[client.name].n;
    this.#expect(
      this.#hasMoved ||
        mark === undefined ||
        last === undefined ||
        (mark as number) >= last,
      'G2',
      `wrote ${last}, but the room has ${mark as number}`,
    );
  }
}

const toComparable = (changes: any): string => toText(flattenChanges(changes));
const flattenChanges = ([tables, values]: any): FlatContent => {
  const flat: FlatContent = new Map();
  const add = (path: string[], thing: any, depth: number): void => {
    if (depth && typeof thing == 'object') {
      Object.entries(thing).forEach(([id, child]) =>
        add([...path, id], child, depth - 1),
      );
    } else {
      flat.set(
        JSON.stringify(path),
        typeof thing == 'object' && thing
          ? '\uFFFD' + JSON.stringify(thing)
          : thing,
      );
    }
  };
  add(['t'], tables, 3);
  add(['v'], values, 1);
  return flat;
};
