/**
 * One thing after the other, in turns: a turn takes all that has arrived, and
 * what it was asked to do is done when the turn has ended well.
 */
import {MAX_TURN_LENGTH} from '../protocol/limits.js';

type Job = {
  run: () => unknown;
  length: number;
  resolve: (result: any) => void;
  reject: (error: unknown) => void;
};

export type Turn = {
  /** Runs when the messages that are there already have been received. */
  schedule(run: () => void): void;
  begin(): Promise<void>;
  end(): Promise<void>;
};

export class TurnQueue {
  readonly #turn: Turn;
  #jobs: Job[] = [];
  #running = false;
  #failure: {error: unknown} | undefined;

  constructor(turn: Turn) {
    this.#turn = turn;
  }

  /**
   * Does something in the next turn that has room for its length; resolves with
   * its result when the turn has ended, and rejects where it throws or the turn
   * fails.
   */
  run<Result>(
    run: () => Result | Promise<Result>,
    length = 0,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({run, length, resolve, reject});
      if (!this.#running) {
        this.#running = true;
        this.#turn.schedule(() => void this.#takeTurns());
      }
    });
  }

  /** Ends the turn under way here: nothing of it has happened. */
  fail(error: unknown): void {
    this.#failure ??= {error};
  }

  async #takeTurns(): Promise<void> {
    while (this.#jobs.length) {
      await this.#takeTurn();
      if (this.#jobs.length) {
        await new Promise<void>((resolve) => this.#turn.schedule(resolve));
      }
    }
    this.#running = false;
  }

  /** As many as make a commit that is not too long. */
  #takeJobs(): Job[] {
    let count = 0;
    let length = 0;
    do {
      length += this.#jobs[count++]!.length;
    } while (
      count < this.#jobs.length &&
      length + this.#jobs[count]!.length <= MAX_TURN_LENGTH
    );
    return this.#jobs.splice(0, count);
  }

  async #takeTurn(): Promise<void> {
    const settle: (() => void)[] = [];
    let jobs: Job[] = [];
    this.#failure = undefined;
    try {
      await this.#turn.begin();
      jobs = this.#takeJobs();
      for (const {run, resolve, reject} of jobs) {
        try {
          const result = run();
          // Nothing is awaited that need not be: a turn is mostly of pushes.
          const settled = result instanceof Promise ? await result : result;
          settle.push(() => resolve(settled));
        } catch (error) {
          settle.push(() => reject(error));
        }
        if (this.#failure) {
          break;
        }
      }
      if (!this.#failure) {
        await this.#turn.end();
      }
    } catch (error) {
      this.fail(error);
    }
    const failure = this.#failure as {error: unknown} | undefined;
    if (failure) {
      // Where it did not even begin, of what would have been in it.
      const failed = jobs.length ? jobs : this.#takeJobs();
      failed.forEach(({reject}) => reject(failure.error));
    } else {
      settle.forEach((run) => run());
    }
  }
}
