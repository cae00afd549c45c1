/** Makes less of what a room has stored, between turns, where it is worth it. */
import {
  COMPACTION_DELAY_MS,
  MAX_COMPACTION_PAUSE_MS,
} from '../protocol/limits.js';
import type {RoomEdge} from './room-edge.js';
import type {CompactionNeed, Steps} from './storage/compaction.js';

export type Compacting = {
  getNeed(): CompactionNeed;
  compact(): Steps;
  /** Runs while no commit is under way. */
  runAlone<Result>(run: () => Promise<Result>): Promise<Result>;
  /** Changes when all that is not stored was forgotten. */
  getResets(): number;
  /**
   * Has the room read anew what is there, if there were no more resets yet: what
   * was about to be written may be there or not.
   */
  onFailure(error: unknown, resets: number): Promise<void>;
};

export class Compactor {
  readonly #on: Compacting;
  readonly #edge: Pick<RoomEdge, 'schedule' | 'now'>;
  #isCompacting = false;
  /** Ends the delay before the first step. */
  #begin: (() => void) | undefined;

  constructor(edge: Pick<RoomEdge, 'schedule' | 'now'>, on: Compacting) {
    this.#edge = edge;
    this.#on = on;
  }

  /** To be called after each commit, and once more when it is done. */
  async compact(): Promise<void> {
    const need = this.#on.getNeed();
    if (need == 'urgent') {
      this.#begin?.();
    }
    if (this.#isCompacting || need == 'none') {
      return;
    }
    this.#isCompacting = true;
    const resets = this.#on.getResets();
    try {
      await this.#delay(need);
      await this.#takeSteps(resets);
    } catch (error) {
      await this.#on.onFailure(error, resets);
    }
    this.#isCompacting = false;
    // What has been pushed meanwhile may be enough for another.
    void this.compact();
  }

  /** Who deletes a lot often goes on to write a lot. */
  async #delay(need: CompactionNeed): Promise<void> {
    if (need != 'urgent') {
      await new Promise<void>((resolve) => {
        const cancel = this.#edge.schedule(resolve, COMPACTION_DELAY_MS);
        this.#begin = () => {
          cancel();
          resolve();
        };
      });
      this.#begin = undefined;
    }
  }

  async #takeSteps(resets: number): Promise<void> {
    const steps = this.#on.compact();
    let isAlone = false;
    let isDone: boolean | undefined = false;
    while (!isDone && resets == this.#on.getResets()) {
      const startedAt = this.#edge.now();
      const step: IteratorResult<unknown, void> = await (isAlone
        ? this.#on.runAlone(() => steps.next())
        : steps.next());
      isDone = step.done;
      isAlone = step.value == 'alone';
      // As long as the step took: half of the time is for who pushes, unless
      // they fill the storage with it.
      const tookMs = this.#edge.now() - startedAt;
      const pauseMs =
        this.#on.getNeed() == 'urgent'
          ? 0
          : Math.min(tookMs, MAX_COMPACTION_PAUSE_MS);
      await new Promise<void>((resolve) =>
        this.#edge.schedule(resolve, pauseMs),
      );
    }
  }
}
