/** G2: each of a client's transactions is applied, or the client is told. */
import {MAX_REMEMBERED_REFUSALS} from '../../src/protocol/limits.js';
import {type FlatContent, toChangesText} from './flat-content.js';
import type {ReceivedPushes} from './received-pushes.js';
import {isRefused} from './rules.js';
import type {SimClient} from './sim-client.js';

const encode = (_key: string, thing: unknown) =>
  thing === undefined ? '\uFFFC' : thing;

/** Changes as JSON, with deletions as they are on the wire. */
export const stringifyChanges = (changes: unknown): string =>
  JSON.stringify(changes, encode);

type Written = {changes: any; text: string; told: number};

export class AnswerChecks {
  /** This client's own transactions, oldest first. */
  readonly #written: Written[] = [];
  hasMoved = false;

  constructor(readonly client: SimClient) {}

  #expect(holds: boolean, message: string): void {
    const {world, name} = this.client;
    world.expect(holds, 'G2', () => `${name} ${message}`);
  }

  /** Whether the room, or the app, is such that only rest tells. */
  get isLoose(): boolean {
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

  add(text: string): void {
    this.#written.push({changes: JSON.parse(text), text, told: 0});
  }

  /** The changes of the latest transactions, as many as are pending. */
  getPending(count: number): any[] {
    return count ? this.#written.slice(-count).map(({changes}) => changes) : [];
  }

  /** The client is told that the room does not have these changes. */
  tell(changes: unknown): void {
    const text = stringifyChanges(changes);
    const written = this.#find(text);
    this.#expect(
      !!written || this.#mayRefuse || this.isLoose,
      `never wrote what was refused: ${text}`,
    );
    this.#expect(
      !written?.told || this.hasMoved || this.isLoose,
      `is told twice of ${text}`,
    );
    if (written) {
      written.told++;
    }
  }

  /** The oldest transaction of these changes that it has not been told of. */
  #find(text: string): Written | undefined {
    const wanted = toChangesText(JSON.parse(text));
    const found = this.#written.filter(
      ({changes}) => toChangesText(changes) == wanted,
    );
    return found.find(({told}) => !told) ?? found[0];
  }

  /** What must hold at rest. */
  check(truth: FlatContent): void {
    if (this.isLoose) {
      return;
    }
    const {name, world, ledger} = this.client;
    const {hooks, limits} = world.profile;
    const written = this.#written;
    const refusals = ledger.pushes
      .getClientIds(name)
      .map((id) => ledger.refusals.get(id) ?? 0);
    const isForgotten =
      limits.MAX_CLIENTS! < 5 ||
      Math.max(...refusals) > MAX_REMEMBERED_REFUSALS;
    for (const {text, told} of written) {
      const mustRefuse = hooks != 'none' && isRefused(text);
      this.#expect(
        told > 0 || !mustRefuse || isForgotten,
        `was not told that ${text} is refused`,
      );
      this.#expect(
        !told ||
          this.#mayRefuse ||
          this.hasMoved ||
          limits.MAX_PENDING_LENGTH! < 10_000 ||
          text.length > this.#maxPushLength,
        `was told that ${text} is refused`,
      );
    }
    const getMark = ({changes: [{m}]}: Written) => m?.[name]?.n;
    const mark = truth.get(JSON.stringify(['t', 'm', name, 'n']));
    const last = written.filter((one) => !one.told && getMark(one)).at(-1);
    this.#expect(
      this.hasMoved || !mark || !last || (mark as number) >= getMark(last),
      `wrote ${last?.text}, but the room has ${mark as number}`,
    );
  }

  /** Each transaction has arrived as a push of its own, in order. */
  checkArrived(received: ReceivedPushes): void {
    const {name, world} = this.client;
    if (this.isLoose || this.hasMoved || world.profile.hostile) {
      return;
    }
    const pushes = received
      .getClientIds(name)
      .flatMap((id) => [...(received.byClient.get(id) ?? [])])
      .sort(([a], [b]) => a - b)
      .map(([, text]) => text)
      // In the place of what is too long, and refused.
      .filter((text) => text != '[{},{},1]');
    // Which of several that are the same it was told of, nobody knows.
    const told = new Set(
      this.#written
        .filter((written) => written.told)
        .map(({changes}) => toChangesText(changes)),
    );
    let count = 0;
    for (const {changes, text} of this.#written) {
      const push = pushes[count];
      const changesText = toChangesText(changes);
      if (push && toChangesText(JSON.parse(push)) == changesText) {
        count++;
      } else {
        this.#expect(
          told.has(changesText),
          `wrote ${text}, but the room got ${push}`,
        );
      }
    }
    this.#expect(
      count == pushes.length,
      `pushed ${pushes[count]}, which it did not write`,
    );
  }
}
