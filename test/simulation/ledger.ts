/**
 * What is durable, read from storage's own writes: the truth at each offset, and
 * in how many commits each unique value was. Whatever leaves the room is held
 * against it.
 */
import {MAX_REMEMBERED_REFUSALS} from '../../src/protocol/limits.js';
import type {Head as StoredHead} from '../../src/server/storage/head.js';
import type {Entry} from '../../src/server/storage/log-entries.js';
import {parsePage} from '../../src/server/storage/log-page.js';
import {
  decodeText,
  joinBytes,
  joinText,
} from '../../src/server/storage/pieces.js';
import {joinSegments} from '../../src/server/storage/segments.js';
import type {Greeting} from '../../src/server/room-edge.js';
import type {FakeStorage, Write} from './fake-storage.js';
import {FrameChecks} from './frame-checks.js';
import {
  applyToFlat,
  describeDifference,
  type FlatContent,
  flatten,
  toText,
} from './flat-content.js';
import type {Wire} from './network.js';
import {ProtectionChecks} from './protection-checks.js';
import {PushModel} from './push-model.js';
import {ReceivedPushes} from './received-pushes.js';
import {getTokens} from './tokens.js';
import type {World} from './world.js';

/** Of what is stored there, what is checked. */
type Head = Pick<
  StoredHead,
  'epoch' | 'offset' | 'bytes' | 'generation' | 'tail' | 'leftovers'
> & {clients: {offset: number}};

/** Who sends old pushes again to a room that has slept: P2 speaks of it. */
const HOSTILE_IDS = ['x', 'y'];

export class Ledger {
  epoch = '';
  offset = 0;
  flat: FlatContent = new Map();
  readonly tokens = new Set<string>();
  /** All truths so far, and each as text by `epoch.offset`. */
  readonly history = new Map<string, string>([['.0', '[]']]);
  readonly texts = new Set<string>();
  readonly #marks = new Map<string, number>();
  /** Each entry's delta as JSON, by its offset. */
  readonly deltas = new Map<number, string>();
  head: Head | undefined;
  /** What of each client's pushes is answered and durable. */
  readonly answered = new Map<string, number[]>();
  /** The same as of each entry that answers some. */
  readonly #answers: {offset: number; clientId: string; answer: number[]}[] =
    [];
  /** How many of each client's pushes were refused. */
  readonly refusals = new Map<string, number>();
  readonly pushes: ReceivedPushes;
  readonly model: PushModel;
  readonly frames: FrameChecks;
  readonly #protection: ProtectionChecks;
  /** Whose answers a mark marks. */
  readonly #clientIds = new Map<string, string>();
  storage!: FakeStorage;
  /** What TinyBase's own server half had stored. */
  takenOver: FlatContent | undefined;

  constructor(readonly world: World) {
    this.pushes = new ReceivedPushes(world);
    this.model = new PushModel(world);
    this.frames = new FrameChecks(this);
    this.#protection = new ProtectionChecks(world);
  }

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
    entries.forEach((pieces, offset) =>
      this.#appendPage(offset, joinText(pieces)),
    );
    const [, written] =
      writes.findLast(([key]) => key.endsWith('#tbpk:head')) ?? [];
    if (written) {
      const was = this.head;
      const head = written as Head;
      this.head = head;
      if (was?.clients.offset !== head.clients.offset) {
        this.#checkClients(head.clients.offset);
      }
      if (was?.generation !== head.generation) {
        this.#checkSnapshot(head, !was);
      }
    }
  }

  /** The page is written again with each entry that comes to it. */
  #appendPage(offset: number, text: string): void {
    const {entries} = parsePage<Entry>(offset, text);
    entries.forEach(([at, entry], index) => {
      if (index == entries.length - 1) {
        this.#append(at, entry);
      } else {
        this.world.expect(
          this.deltas.get(at) == JSON.stringify(entry[0]),
          'S1',
          () => `entry ${at} is written again as another`,
        );
      }
    });
  }

  #append(offset: number, [delta, answers]: Entry): void {
    const {world} = this;
    world.expect(
      offset > this.offset,
      'G4',
      () => `entry ${offset} after ${this.offset}`,
    );
    this.offset = offset;
    const before = new Map(this.flat);
    for (const changes of delta) {
      applyToFlat(this.flat, changes);
    }
    this.deltas.set(offset, JSON.stringify(delta));
    this.model.store(before, this.flat, new Map(Object.entries(answers)));
    this.#protection.check(this.flat, offset);
    for (const token of getTokens(JSON.stringify(delta))) {
      world.expect(
        !this.tokens.has(token) || this.#isForgetful,
        'G2',
        () => `${token} applied again in entry ${offset}`,
      );
      this.tokens.add(token);
      world.durableTokens.add(token);
    }
    for (const [clientId, answer] of Object.entries<number[]>(answers)) {
      this.#checkAnswer(clientId, answer);
      this.#answers.push({
        offset,
        clientId,
        answer: this.answered.get(clientId)!,
      });
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
    world.note(`durable ${offset} ${JSON.stringify(delta)}`);
  }

  /** No answer is ever taken back, of who says hello when asked to. */
  #checkAnswer(clientId: string, [id, ...refused]: number[]): void {
    const [last = 0, ...earlier] = this.answered.get(clientId) ?? [];
    this.world.expect(
      id! >= last || this.#isForgetful || HOSTILE_IDS.includes(clientId),
      'G2',
      () => `answer ${id} of ${clientId} after ${last}`,
    );
    this.refusals.set(
      clientId,
      (this.refusals.get(clientId) ?? 0) + refused.length,
    );
    this.answered.set(clientId, [
      id!,
      ...new Set([...earlier, ...refused].slice(-MAX_REMEMBERED_REFUSALS)),
    ]);
  }

  /** What the record says of clients is all that was answered up to there. */
  #checkClients(upTo: number): void {
    const isFirst = !this.epoch;
    const pieces = this.#readDurable('clients').map(([, piece]) => piece);
    const clients = new Map<string, number[]>(JSON.parse(joinText(pieces)));
    const answered = new Map(
      this.#answers
        .filter(({offset}) => offset <= upTo)
        .map(({clientId, answer}) => [clientId, answer]),
    );
    for (const [clientId, [last, ...refused]] of answered) {
      const [id = 0, ...refusedIds] = clients.get(clientId) ?? [];
      this.world.expect(
        this.#isForgetful ||
          (id >= last! && refused.every((one) => refusedIds.includes(one))),
        'G2',
        () =>
          `the record knows ${id} ${refusedIds} of ${clientId}: ` +
          `answered were ${last} ${refused}`,
      );
    }
    const flat = isFirst ? this.#readSnapshot(1) : new Map();
    this.model.storeAll(flat, clients, isFirst);
    this.world.count('record of answers');
  }

  #readDurable(area: string): [key: string, value: unknown][] {
    return [...this.storage.durable]
      .filter(([key]) => key.includes(`#tbpk:${area}`))
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  #readSnapshot(generation: number): FlatContent {
    const segments = new Map<string, Uint8Array[]>();
    for (const [key, piece] of this.#readDurable(`s:${generation % 2}:`)) {
      const [, , , index] = key.slice(key.indexOf('#')).split(':');
      segments.set(index!, [
        ...(segments.get(index!) ?? []),
        piece as Uint8Array,
      ]);
    }
    const bytes = joinSegments([...segments.values()].map(joinBytes));
    return flatten(JSON.parse(decodeText(bytes)));
  }

  #checkSnapshot(head: Head, isFirst: boolean): void {
    const {world} = this;
    const flat = this.#readSnapshot(head.generation);
    if (isFirst) {
      this.#protection.check(flat, head.offset);
    }
    world.count(
      !isFirst ? 'compaction' : this.takenOver ? 'takeover' : 'first content',
    );
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

  /** Takes a frame of a client's. */
  receive(wire: Wire, frame: string): void {
    const push = this.pushes.receive(wire, frame);
    if (push) {
      this.model.arrive(push);
    }
  }

  /** The room has greeted a client, or is done with a connection. */
  remember(wire: Wire, {clientId, mark}: Greeting): void {
    this.#clientIds.set(mark, clientId);
    if (clientId) {
      this.model.greet(clientId, wire.id);
    } else {
      this.model.retire(wire.id);
    }
  }

  /** Answers, by their marks, that the room tells of. */
  tell(answers: {[mark: string]: number[]}): void {
    this.model.tell(
      this.flat,
      new Map(
        Object.entries(answers).map(([mark, answer]) => [
          this.#clientIds.get(mark)!,
          answer,
        ]),
      ),
    );
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
