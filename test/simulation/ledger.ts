/**
 * What is durable, read from storage's own writes: the truth at each offset, and
 * in how many commits each unique value was. Whatever leaves the room is held
 * against it.
 */
import {joinText} from '../../src/server/pieces.js';
import type {FakeStorage, Write} from './fake-storage.js';
import {
  applyToFlat,
  describeDifference,
  type FlatContent,
  flatten,
  toText,
} from './flat-content.js';
import {getTokens} from './tokens.js';
import type {World} from './world.js';

export class Ledger {
  epoch = '';
  offset = 0;
  flat: FlatContent = new Map();
  readonly tokens = new Set<string>();
  /** All truths so far, and each as text by `epoch.offset`. */
  readonly history = new Map<string, string>([['.0', '[]']]);
  readonly texts = new Set<string>();
  readonly #marks = new Map<string, number>();
  readonly #checked = new Set<string>();
  /** Each client's highest answered mutation id that is durable. */
  readonly answered = new Map<string, number>();
  storage!: FakeStorage;
  /** What TinyBase's own server half had stored. */
  takenOver: FlatContent | undefined;

  constructor(readonly world: World) {}

  /**
   * Of clients that the room has forgotten it may take a push twice, and of
   * those that move one that they had given up, late.
   */
  get #isForgetful(): boolean {
    const {limits, moves} = this.world.profile;
    return limits.MAX_CLIENTS! < 10 || moves > 0;
  }

  onDurable(writes: Write[]): void {
    const entries = new Map<number, unknown[]>();
    for (const [key, value] of writes) {
      const [, offset] = /#tbpk:l:(\d+)/.exec(key) ?? [];
      if (offset && value !== undefined) {
        entries.set(+offset, [...(entries.get(+offset) ?? []), value]);
      }
    }
    entries.forEach((pieces, offset) => this.#append(offset, joinText(pieces)));
    const [, head] = writes.find(([key]) => key.endsWith('#tbpk:head')) ?? [];
    if (head) {
      this.#checkSnapshot(head);
    }
  }

  #append(offset: number, text: string): void {
    const {world} = this;
    world.expect(
      offset > this.offset,
      'G4',
      () => `entry ${offset} after ${this.offset}`,
    );
    const [delta, answers] = JSON.parse(text);
    this.offset = offset;
    for (const changes of delta) {
      applyToFlat(this.flat, changes);
    }
    for (const token of getTokens(JSON.stringify(delta))) {
      world.expect(
        !this.tokens.has(token) || this.#isForgetful,
        'G2',
        () => `${token} applied again in entry ${offset}`,
      );
      this.tokens.add(token);
      world.durableTokens.add(token);
    }
    for (const [clientId, [id]] of Object.entries<any>(answers)) {
      const last = this.answered.get(clientId) ?? 0;
      world.expect(
        id >= last || this.#isForgetful,
        'G2',
        () => `answer ${id} of ${clientId} after ${last}`,
      );
      this.answered.set(clientId, id);
    }
    for (const [changed] of [...delta].reverse()) {
      for (const [client, {n}] of Object.entries<any>(changed.m ?? {})) {
        if (n >= 0) {
          world.expect(
            n > (this.#marks.get(client) ?? 0) || this.#isForgetful,
            'G2',
            () =>
              `${client}'s ${n} is applied after ${this.#marks.get(client)}`,
          );
          this.#marks.set(client, n);
        }
      }
    }
    this.#keep();
    world.note(`durable ${offset} ${text}`);
  }

  #checkSnapshot(head: any): void {
    const {world} = this;
    const pieces = [...this.storage.durable]
      .filter(([key]) => key.includes(`#tbpk:s:${head.generation}:`))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, piece]) => piece);
    const flat = flatten(JSON.parse(joinText(pieces)));
    world.note(`durable snapshot ${head.epoch}.${head.offset}`);
    if (this.epoch) {
      world.expect(
        head.epoch == this.epoch,
        'G3',
        () => `epoch ${this.epoch} replaced by ${head.epoch}`,
      );
      const was = this.history.get(`${head.epoch}.${head.offset}`);
      world.expect(
        was === toText(flat),
        'G3',
        () =>
          `snapshot ${head.offset} is not the truth there: ` +
          describeDifference(flat, new Map(JSON.parse(was ?? '[]'))),
      );
    } else {
      const unlike = this.takenOver && describeDifference(flat, this.takenOver);
      world.expect(!unlike, 'G8', () => `taken over with ${unlike}`);
      this.epoch = head.epoch;
      this.offset = head.offset;
      this.flat = flat;
      this.#keep();
      getTokens(toText(flat)).forEach((token) => {
        this.tokens.add(token);
        world.durableTokens.add(token);
      });
    }
  }

  #keep(): void {
    const text = toText(this.flat);
    this.history.set(`${this.epoch}.${this.offset}`, text);
    this.texts.add(text);
  }

  /** G5: what is in a text is durable already. */
  checkVisible(text: string, where: string): void {
    for (const token of getTokens(text)) {
      this.world.expect(
        this.world.durableTokens.has(token),
        'G5',
        () => `${token} in ${where} is not durable`,
      );
    }
  }

  checkFrame(frame: string): void {
    const id = `${this.offset}${frame}`;
    if (this.#checked.has(id)) {
      return;
    }
    this.#checked.add(id);
    this.checkVisible(frame, 'frame');
    const check = (epoch: string, offset: number) =>
      this.world.expect(
        epoch == this.epoch && offset <= this.offset,
        'G5',
        () => `frame ${frame} while durable is ${this.epoch}.${this.offset}`,
      );
    if (frame[0] == 'c') {
      check(this.epoch, JSON.parse(frame.slice(1))[0]);
    } else if (frame[0] == 'w') {
      const [, mark, epoch, offset] = JSON.parse(frame.slice(1));
      if (mark) {
        check(epoch, offset);
      }
    }
  }

  /** The content that a GET answers is the truth at its ETag. */
  checkContent(etag: string | null, text: string): void {
    const [, position = ''] = /"(.*)"/.exec(etag ?? '') ?? [];
    this.checkVisible(text, `GET at ${position}`);
    const was = this.history.get(position);
    const flat = flatten(text ? JSON.parse(text) : [{}, {}]);
    this.world.expect(
      was === toText(flat),
      'G3',
      () =>
        `GET at ${position} is not the truth there: ` +
        describeDifference(flat, new Map(JSON.parse(was ?? '[]'))),
    );
  }
}
