/**
 * A room has one alarm, and two who need it: the app, and its webhooks. Each has
 * a time of its own; the platform's alarm is the earlier of the two.
 */
import type {KeyValueStorage} from '../storage/key-value-storage.js';
import {ALARM_RETRY_MS, MAX_ALARM_RETRIES} from './limits.js';

/** The alarm that the platform has. Times are in milliseconds since 1970. */
export interface PlatformAlarm {
  getAlarm(): Promise<number | null>;
  setAlarm(at: number): Promise<void>;
  deleteAlarm(): Promise<void>;
}

/** The app's alarm, and how often it was tried in vain. */
type AppAlarm = {at: number; failures?: number};

export class SharedAlarm {
  readonly #platform: PlatformAlarm;
  readonly #storage: KeyValueStorage;
  /** Where the app's alarm rests. */
  readonly key: string;
  #app: AppAlarm | undefined;
  #isAppKnown = false;
  /** Whether this instance knows since when, and for whom, the alarm is set. */
  #isAcquainted = false;
  /** Whether nobody knows for whom the alarm has gone off. */
  #isUnexplained = false;
  /** Whether webhooks had no need of one when this instance began. */
  #isNotOurs = false;
  /** The one whose handler is running. */
  #ringing: AppAlarm | undefined;
  #ours: number | undefined;
  /** What the platform has; null for none, undefined where nobody knows. */
  #set: number | null | undefined;

  readonly #wake: () => void;

  /**
   * @param wake Has what is due be found, and its alarm set: called where the app
   * has set or deleted its own before that was done.
   */
  constructor(
    platform: PlatformAlarm,
    storage: KeyValueStorage,
    key: string,
    wake = () => {},
  ) {
    this.#platform = platform;
    this.#storage = storage;
    this.key = key;
    this.#wake = wake;
  }

  /**
   * Finds what is set. What an instance finds that is later than the app's known
   * alarm, or without one than any that webhooks may have set, the app has set
   * past this: in a constructor, or while the room had no webhooks.
   */
  async load(latestOfOurs: Promise<number>): Promise<void> {
    const [stored, set, latest] = await Promise.all([
      this.#storage.get(this.key),
      this.#platform.getAlarm(),
      latestOfOurs,
    ]);
    if (this.#set === undefined) {
      this.#set = set;
    }
    const isFirst = !this.#isAcquainted;
    this.#isAcquainted = true;
    this.#isNotOurs ||= isFirst && latest == -Infinity;
    if (!this.#isAppKnown) {
      this.#app = stored as AppAlarm | undefined;
      this.#isAppKnown = true;
      if (isFirst && set !== null && set > (this.#app?.at ?? latest)) {
        await this.#putApp({at: set});
      }
    }
  }

  /** Nothing is known any more. */
  forget(): void {
    this.#isAppKnown = false;
    this.#app = this.#ours = this.#set = undefined;
  }

  /** When the webhooks need it, or undefined where they do not. */
  async setOurs(at: number | undefined): Promise<void> {
    this.#ours = at;
    await this.#arm();
  }

  /** The app's alarm, as the platform would tell it. */
  async getApp(): Promise<number | null> {
    if (!this.#isAppKnown) {
      const stored = await this.#storage.get(this.key);
      return (stored as AppAlarm | undefined)?.at ?? null;
    }
    return this.#app && this.#app !== this.#ringing ? this.#app.at : null;
  }

  async setApp(at: number): Promise<void> {
    await Promise.all([this.#putApp({at}), this.#arm()]);
  }

  async deleteApp(): Promise<void> {
    this.#noteApp(undefined);
    await Promise.all([this.#storage.delete([this.key]), this.#arm()]);
  }

  /** When the platform's alarm has to be if the app's is then. */
  getEarliest(appAt: number | undefined): number | null {
    const times = [appAt, this.#ours].filter((at) => at !== undefined);
    return times.length ? Math.min(...times) : null;
  }

  /** The app's alarm was stored, and the platform's set, past this. */
  async adoptApp(at: number | undefined): Promise<void> {
    this.#noteApp(at === undefined ? undefined : {at});
    this.#set = undefined;
    await this.#arm();
  }

  /** The platform's alarm has gone off; may be noted before `ring` notes it. */
  noteRing(): void {
    this.#set = null;
    this.#isUnexplained ||= !this.#isAcquainted;
  }

  /**
   * Runs the app's handler if the alarm was its. One that wakes an instance, and
   * that nobody has set, is: it may be from before, or from a constructor. Where
   * the handler throws it is tried again, as PartyKit would, and no more often
   * where PartyKit itself tries again, too.
   */
  async ring(now: number, handler: (() => unknown) | undefined): Promise<void> {
    const isNotOurs = this.#isNotOurs || this.#ours === undefined;
    if (this.#isUnexplained && !this.#app && isNotOurs) {
      this.#app = {at: now};
    }
    this.#isUnexplained = false;
    const alarm = this.#app;
    if (alarm && alarm.at <= now) {
      this.#ringing = alarm;
      try {
        await handler?.();
        if (this.#app === alarm) {
          await this.deleteApp();
        }
      } catch (error) {
        if (this.#app === alarm) {
          await this.#retryApp(alarm, now);
        }
        throw error;
      } finally {
        this.#ringing = undefined;
      }
    }
    await this.#arm();
  }

  async #retryApp({failures = 0}: AppAlarm, now: number): Promise<void> {
    if (failures >= MAX_ALARM_RETRIES) {
      await this.deleteApp();
      return;
    }
    const at = now + ALARM_RETRY_MS * 2 ** failures;
    await Promise.all([
      this.#putApp({at, failures: failures + 1}),
      this.#arm(),
    ]);
  }

  #noteApp(alarm: AppAlarm | undefined): void {
    this.#app = alarm;
    if (!this.#isAppKnown) {
      this.#isAppKnown = true;
      // Only then: it is to find what is set or deleted in this step.
      queueMicrotask(this.#wake);
    }
  }

  #putApp(alarm: AppAlarm): Promise<void> {
    this.#noteApp(alarm);
    return this.#storage.put({[this.key]: alarm});
  }

  /** Has the platform's alarm be the earlier one, in this very step. */
  async #arm(): Promise<void> {
    const at = this.getEarliest(this.#app?.at);
    if (at === this.#set) {
      return;
    }
    this.#set = at;
    try {
      await (at === null
        ? this.#platform.deleteAlarm()
        : this.#platform.setAlarm(at));
    } catch (error) {
      this.#set = undefined;
      throw error;
    }
  }
}
