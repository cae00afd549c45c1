/**
 * What leaves a room: G5, nothing of it can be taken back by a crash; G3, it is
 * exactly what the client lacks, and no more than that.
 */
import {
  applyToFlat,
  describeDifference,
  type FlatContent,
} from './flat-content.js';
import type {Ledger} from './ledger.js';

/** What a merged delta may be longer than its parts, in UTF-16 units. */
const SLACK = 100;

/** Most that an entry has in storage besides its delta. */
const ENTRY_OVERHEAD = 400;

export class FrameChecks {
  readonly #checked = new Set<string>();

  constructor(readonly ledger: Ledger) {}

  check(frame: string): void {
    const {ledger} = this;
    const {world, epoch, offset} = ledger;
    const id = `${offset}${frame}`;
    if (this.#checked.has(id)) {
      return;
    }
    this.#checked.add(id);
    ledger.checkVisible(frame, 'frame');
    const expectDurable = (ofEpoch: string, at: number) =>
      world.expect(
        ofEpoch == epoch && at <= offset,
        'G5',
        () => `frame ${frame} while durable is ${epoch}.${offset}`,
      );
    if (frame[0] == 'c') {
      const [at, delta, answers = {}] = JSON.parse(frame.slice(1));
      expectDurable(epoch, at);
      this.#checkCommit(at, delta);
      ledger.tell(answers);
    } else if (frame[0] == 'w') {
      const [, nonce, ofEpoch, at, , delta] = JSON.parse(frame.slice(1));
      if (nonce) {
        expectDurable(ofEpoch, at);
        this.#checkWelcome(nonce, at, delta);
      }
    }
  }

  #checkCommit(at: number, delta: unknown): void {
    const {world, deltas} = this.ledger;
    const text = JSON.stringify(delta);
    world.expect(
      delta === 0 || text == '[]' || text == deltas.get(at),
      'G3',
      () => `commit ${at} tells ${text} of ${deltas.get(at)}`,
    );
  }

  #checkWelcome(nonce: string, at: number, delta: any[] | null): void {
    const {world, epoch, history, deltas, pushes} = this.ledger;
    const hello = pushes.hellos.get(nonce);
    const since = hello?.offset as number;
    const was = history.get(`${hello?.epoch as string}.${since}`);
    if (!epoch || hello?.epoch != epoch || was === undefined) {
      return;
    }
    const missed = [...deltas].filter(([key]) => key > since && key <= at);
    const length = missed.reduce((sum, [, {length}]) => sum + length, 0);
    if (!delta) {
      world.count('reload');
      const {MAX_CATCH_UP_BYTES} = world.profile.limits;
      world.expect(
        length * 3 + missed.length * ENTRY_OVERHEAD > MAX_CATCH_UP_BYTES!,
        'G3',
        () => `reload from ${since} at ${at}, for ${length} units`,
      );
      return;
    }
    world.count(delta.length ? 'catch up' : 'nothing missed');
    const expected: FlatContent = new Map(
      JSON.parse(history.get(`${epoch}.${at}`) ?? '[]'),
    );
    const caughtUp: FlatContent = new Map(JSON.parse(was));
    delta.forEach((changes) => applyToFlat(caughtUp, changes));
    const difference = describeDifference(caughtUp, expected);
    world.expect(
      !difference,
      'G3',
      () => `welcome from ${since} to ${at} leaves ${difference}`,
    );
    world.expect(
      JSON.stringify(delta).length <= length + SLACK,
      'G3',
      () => `welcome from ${since} to ${at} is longer than what was missed`,
    );
  }
}
