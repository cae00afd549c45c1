/** Changes of those who are not connected: applied as a client's pushes are. */
import {type Changes, isEmpty} from '../protocol/changes.js';
import type {RoomLimits} from '../protocol/limits.js';
import type {Answer} from '../protocol/messages.js';
import type {Audience} from './audience.js';
import type {Authorised} from './authorise.js';
import {getClientId, type IdempotencyKey} from './idempotency-key.js';
import {getCorrection} from './live-store.js';
import type {RoomConnection} from './room-edge.js';
import type {Position} from './room-state.js';
import {addAnswer} from './storage/clients.js';
import type {Turns} from './turns.js';

export type PatchOptions = {
  /** Whose changes they are, for the hooks. */
  who: unknown;
  /** How much of a turn they take up, in UTF-16 units. */
  length: number;
  /** Whether they may be applied where the room stands. */
  isMet?: ((position: Position) => boolean) | undefined;
  /** What they are known by, to be taken once. */
  key?: IdempotencyKey | undefined;
};

export type PatchResult = {
  /** Where the room stands; in the commit with the changes, if there are any. */
  position: Position;
  /**
   * How much of the changes took effect; 'unmet' where they may not, 'repeated'
   * where they did before.
   */
  effect: 'all' | 'some' | 'none' | 'unmet' | 'repeated';
  /** What the room has where they did not take effect. */
  correction?: Changes;
  /** Whether the content there is the one that was met, with the changes. */
  isExact?: boolean;
};

export class Patching<Connection extends RoomConnection> {
  readonly #limits: Pick<RoomLimits, 'maxClients'>;
  readonly #audience: Audience<Connection>;
  readonly #turns: Turns<Connection>;

  constructor(
    limits: Pick<RoomLimits, 'maxClients'>,
    {
      audience,
      turns,
    }: {audience: Audience<Connection>; turns: Turns<Connection>},
  ) {
    this.#limits = limits;
    this.#audience = audience;
    this.#turns = turns;
  }

  /** Applies changes as a push; answers when that is durable. */
  patch(
    changes: Changes,
    {who, length, isMet, key}: PatchOptions,
  ): Promise<PatchResult> {
    return this.#turns.run(async () => {
      const repeated = key && (await this.#findRepeated(key));
      if (repeated) {
        return {position: this.#turns.getNextPosition(), effect: repeated};
      }
      if (this.#turns.needsStore()) {
        await this.#turns.loadStore();
      }
      let author: string | undefined;
      let authorised: Authorised | undefined;
      // What has to be met is looked at before the hooks are asked, and again in
      // one step with the changes: the app may have written in between.
      for (;;) {
        if (isMet) {
          await this.#turns.commitAll();
          if (!isMet(this.#turns.state)) {
            return {position: this.#turns.getPosition(), effect: 'unmet'};
          }
        }
        if (authorised) {
          break;
        }
        author = await this.#askFor(key, () => this.#turns.askAuthor(who));
        await this.#turns.turnTo(author);
        authorised = await this.#askFor(key, () =>
          this.#turns.authorise(changes, who, false),
        );
      }
      // Another one, where there was something to be stored first.
      this.#turns.claim(author);
      const isAlone = this.#turns.draft.isEmpty;
      const {thrown, ...result} = this.#applyPatch(changes, authorised);
      this.#noteKey(key, result.effect == 'none');
      if (thrown?.length) {
        // Whatever took effect, the app is to hear of it.
        throw thrown[0];
      }
      const position = this.#turns.getNextPosition();
      if (isMet) {
        // What comes after must not hide behind the same position.
        await this.#turns.commit();
      }
      return {
        ...result,
        position,
        isExact: isMet !== undefined && isAlone && result.isExact,
      };
    }, length);
  }

  /** What became of changes that came before; undefined where they did not. */
  async #findRepeated(
    key: IdempotencyKey,
  ): Promise<'repeated' | 'none' | undefined> {
    const clients = await this.#turns.readClients();
    const [last, ...refused] = clients.get(getClientId(key)) ?? [0];
    return key.number > last
      ? undefined
      : refused.includes(key.number)
        ? 'none'
        : 'repeated';
  }

  /** As with a push, what a hook throws at is refused, and not asked again. */
  async #askFor<Result>(
    key: IdempotencyKey | undefined,
    ask: () => Promise<Result>,
  ): Promise<Result> {
    const {resets} = this.#turns;
    try {
      return await ask();
    } catch (error) {
      if (resets == this.#turns.resets) {
        this.#noteKey(key, true);
      }
      throw error;
    }
  }

  /** Notes in the commit, and for the rest of the turn, that they came. */
  #noteKey(key: IdempotencyKey | undefined, isRefused: boolean): void {
    if (key) {
      const {draft, state} = this.#turns;
      const {number} = key;
      const clientId = getClientId(key);
      const answer: Answer = isRefused ? [number, number] : [number];
      draft.noteAnswer(clientId, answer);
      const {maxClients} = this.#limits;
      addAnswer(state.clients!, clientId, answer, maxClients);
    }
  }

  #applyPatch(
    changes: Changes,
    {accepted, refused}: Authorised,
  ): Pick<PatchResult, 'effect' | 'correction'> & {
    isExact: boolean;
    thrown: unknown[] | undefined;
  } {
    this.#audience.touch(undefined, accepted);
    const {inEffect, asSent, happened, thrown} =
      this.#turns.applyChanges(accepted);
    const isExact = asSent && !refused;
    if (!isEmpty(happened)) {
      this.#turns.draft.noteOthers();
    }
    const corrected =
      refused || !inEffect
        ? getCorrection(this.#turns.state.store!, changes)
        : undefined;
    const isRefused = !!corrected?.isNone && isEmpty(happened);
    if (!isRefused) {
      this.#turns.draft.countStep(accepted);
    }
    return corrected
      ? {
          effect: isRefused ? 'none' : 'some',
          correction: corrected.correction,
          isExact,
          thrown,
        }
      : {effect: 'all', isExact, thrown};
  }
}
