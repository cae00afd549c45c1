/**
 * G2, where nothing but clients of ours writes: each push that has arrived is
 * applied once, in the order of arrival, and nothing else is. What is stored must
 * be exactly what that makes of the truth.
 */
import {
  applyToFlat,
  describeDifference,
  type FlatContent,
} from './flat-content.js';
import type {Push} from './received-pushes.js';
import type {World} from './world.js';

type Answers = Map<string, number[]>;

export class PushModel {
  /** What has arrived and is not answered. */
  #arrived: Push[] = [];
  /** Up to which push each client was answered: as the room knows it, … */
  #settled = new Map<string, number>();
  /** … as is stored, … */
  readonly #stored = new Map<string, number>();
  /** … and ever: the room forgets that of pushes that had no effect. */
  readonly #answered = new Map<string, number>();
  readonly #retired = new Set<string>();
  readonly #isActive: boolean;

  constructor(readonly world: World) {
    const {plain, limits} = world.profile;
    this.#isActive = plain && limits.MAX_CLIENTS! >= 10;
  }

  #expect(holds: boolean, message: () => string): void {
    this.world.expect(holds, 'G2', message);
  }

  arrive(push: Push): void {
    if (this.#isActive) {
      this.#arrived.push(push);
    }
  }

  /**
   * The room no longer listens to a connection: of what has come on it, it has
   * taken at most what it goes on to answer and what does not come again.
   */
  retire(wireId: string): void {
    this.#retired.add(wireId);
  }

  /**
   * A client is greeted on a connection: what has come on any other, be that open
   * or closed, is not taken any more.
   */
  greet(clientId: string, wireId: string): void {
    for (const push of this.#arrived) {
      if (push.clientId == clientId && push.wireId != wireId) {
        this.retire(push.wireId);
      }
    }
  }

  /** The room starts anew, and knows only what it has stored. */
  forget(): void {
    this.#arrived = [];
    this.#settled = new Map(this.#stored);
  }

  /** The room has stored a commit of these answers. */
  store(before: FlatContent, after: FlatContent, answers: Answers): void {
    if (this.#isActive) {
      this.#settle(before, after, answers);
      answers.forEach(([id], clientId) => this.#stored.set(clientId, id!));
      this.world.count('commit checked against its pushes');
    }
  }

  /** The room has stored all answers that it knows, with a snapshot. */
  storeAll(content: FlatContent, answers: Answers, isFirst: boolean): void {
    if (!this.#isActive) {
      return;
    }
    if (isFirst && this.#take(answers, false).length) {
      this.#settle(new Map(), content, answers);
    }
    answers.forEach(([id], clientId) => {
      // A record may be of some commits ago.
      const stored = Math.max(this.#stored.get(clientId) ?? 0, id!);
      const settled = Math.max(this.#settled.get(clientId) ?? 0, id!);
      this.#stored.set(clientId, stored);
      this.#settled.set(clientId, settled);
      this.#answered.set(
        clientId,
        Math.max(this.#answered.get(clientId) ?? 0, id!),
      );
    });
  }

  /** The room tells of these answers: what is not stored had no effect. */
  tell(content: FlatContent, answers: Answers): void {
    if (this.#isActive) {
      this.#settle(content, content, answers);
    }
  }

  #settle(before: FlatContent, after: FlatContent, answers: Answers): void {
    const pushes = this.#take(answers, true);
    if (before != after || pushes.length) {
      const expected = new Map(before);
      pushes.forEach(({changes}) => applyToFlat(expected, changes));
      const difference = describeDifference(after, expected);
      this.#expect(
        !difference,
        () =>
          `${pushes.map(({text}) => text).join(' ')} made of the truth: ` +
          difference,
      );
    }
    answers.forEach(([id], clientId) => this.#settled.set(clientId, id!));
  }

  /** The pushes that these answers are about, each as the room took it. */
  #take(answers: Answers, isFinal: boolean): Push[] {
    const found = new Map<string, Push>();
    for (const push of this.#arrived) {
      const {clientId, id, wireId} = push;
      const [last = 0] = answers.get(clientId) ?? [];
      const key = `${clientId}.${id}`;
      const before = found.get(key);
      if (
        id <= last &&
        id > (this.#settled.get(clientId) ?? 0) &&
        (!before ||
          (this.#retired.has(before.wireId) && !this.#retired.has(wireId)))
      ) {
        // Where it came again, it is the later one's place that counts.
        found.delete(key);
        found.set(key, push);
      }
    }
    if (isFinal) {
      answers.forEach(([id, ...refused], clientId) => {
        this.#expect(
          !refused.length,
          () => `${clientId} is refused ${refused}`,
        );
        const known = this.#answered.get(clientId) ?? 0;
        for (let n = known + 1; n <= id!; n++) {
          this.#expect(
            found.has(`${clientId}.${n}`),
            () => `${clientId} is answered ${id}, but ${n} never arrived`,
          );
        }
        this.#answered.set(clientId, Math.max(known, id!));
      });
      this.#arrived = this.#arrived.filter(
        ({clientId, id}) => id > (answers.get(clientId)?.[0] ?? 0),
      );
    }
    return [...found.values()];
  }
}
