/**
 * Sends a room's webhooks. What is due is in storage: the log, how far each
 * webhook is, and an alarm that is set no later than what it is due for.
 */
import type {FollowedCommit, Follower} from '../follower.js';
import {AwayError} from '../move/away-error.js';
import type {Room} from '../room.js';
import type {Position, RoomState} from '../room-state.js';
import type {KeyValueStorage} from '../storage/key-value-storage.js';
import {Layout} from '../storage/layout.js';
import {composeEvent} from './compose-event.js';
import {alignCursor, type Cursor, isBehind} from './cursor.js';
import {
  MAX_EVENTS_AT_ONCE,
  MAX_REQUESTS_AT_ONCE,
  PACE,
  type Pace,
} from './limits.js';
import {
  createLine,
  getNextAt,
  identifyWebhook,
  type Line,
  noteOutcome,
} from './line.js';
import {
  type Message,
  type Outcome,
  type SendingEdge,
  sendWebhook,
} from './send-webhook.js';
import type {SharedAlarm} from './shared-alarm.js';
import type {Webhook} from './webhook-config.js';

export type WebhooksEdge = SendingEdge & {
  readonly storage: KeyValueStorage;
  readonly storagePrefix: string;
  readonly alarm: SharedAlarm;
  readonly pace?: Pace;
  /** From 0 up to but excluding 1. */
  random(): number;
  /** The id of the room, where the platform tells it. */
  findRoomId(): string | undefined;
};

/** What the room has stored of its webhooks. */
type Stored = {room?: string; cursors: {[tag: string]: Cursor}};

/** An event, and when it is stored what that covers. */
type Taken = {message: Message; stored: Promise<void>};

export class Webhooks implements Follower {
  readonly #room: Pick<Room<any>, 'read'>;
  readonly #webhooks: Webhook[];
  readonly #edge: WebhooksEdge;
  readonly #pace: Pace;
  readonly #key: string;
  /** Undefined as long as it is not read what is stored of them. */
  #lines: Line[] | undefined;
  #roomId: string | undefined;
  /** Whether what is stored lacks one of them, or the id of the room. */
  #lacksLine = false;
  #lacksRoomId = false;
  /** When to begin anew, after storage has failed. */
  #anewAt: number | undefined;
  /** Whether the alarm could not be set, and is about to be. */
  #isAlarmLate = false;
  /** Where the room stands, and if that is known, since when. */
  #last: {offset: number; time?: number} = {offset: 0};

  constructor(
    room: Pick<Room<any>, 'read'>,
    webhooks: Webhook[],
    edge: WebhooksEdge,
  ) {
    this.#room = room;
    this.#webhooks = webhooks;
    this.#edge = edge;
    this.#pace = edge.pace ?? PACE;
    this.#key = new Layout(edge.storagePrefix).webhooks;
  }

  /** The room wakes: what is due gets its alarm, which may have been lost. */
  async onOpen(opened: Promise<Position>): Promise<void> {
    await this.#load(opened);
    // Not awaited: who comes need not know where it fails.
    this.#armInPassing();
  }

  /** Sees that there is an alarm for a commit before there is the commit. */
  onStore(position: Position): void {
    const now = this.#edge.now();
    if (!this.#lines) {
      this.#armInPassing();
      return;
    }
    for (const line of this.#lines) {
      line.cursor = alignCursor(line.cursor, position);
      line.dueAt ??= now + line.webhook.throttleMs;
    }
    if (this.#lacksLine || (this.#lacksRoomId && this.#findRoomId())) {
      this.#ignore(this.#save());
    }
    this.#armInPassing();
  }

  onCommit({offset, time}: FollowedCommit): void {
    this.#last = {offset, time};
  }

  /** What is in memory may never have been stored. */
  onReset(): void {
    this.#lines = undefined;
    this.#edge.alarm.forget();
  }

  /** The id of the room may be known by now: nothing is sent without. */
  noteVisit(): void {
    if (this.#lines && !this.#roomId && this.#findRoomId()) {
      this.#armInPassing();
    }
  }

  /** The alarm has gone off, and something of the app's runs before `ring`. */
  noteRing(): void {
    this.#edge.alarm.noteRing();
  }

  /** The alarm of the room has gone off; `app` is the app's own handler. */
  async ring(app: (() => unknown) | undefined): Promise<void> {
    const {alarm} = this.#edge;
    alarm.noteRing();
    this.#anewAt = undefined;
    try {
      await this.#room.read(async ({epoch, offset}) => {
        if (!this.#lines) {
          await this.#load(Promise.resolve({epoch, offset}));
        }
      });
    } catch (error) {
      if (error instanceof AwayError) {
        // Its webhooks are sent from where it lives.
        return;
      }
      // The platform would try again some times, and then never more.
      await alarm.setOurs(this.#edge.now() + this.#pace.reopenMs);
      return;
    }
    this.#start();
    await this.#arm();
    await alarm.ring(this.#edge.now(), app);
  }

  async #load(opened: Promise<Position>): Promise<void> {
    const {storage, alarm} = this.#edge;
    const reading = storage.get(this.#key) as Promise<Stored | undefined>;
    const [stored, identities, position] = await Promise.all([
      reading,
      Promise.all(this.#webhooks.map(identifyWebhook)),
      opened,
      alarm.load(this.#findLatest(reading, opened)),
    ]);
    const now = this.#edge.now();
    const cursors = stored?.cursors ?? {};
    this.#roomId ??= stored?.room;
    this.#lacksRoomId = !stored?.room;
    this.#lacksLine = identities.some(({tag}) => !cursors[tag]);
    this.#last = {offset: position.offset};
    this.#anewAt = undefined;
    this.#lines = this.#webhooks.map((webhook, index) => {
      const identity = identities[index]!;
      const stood = cursors[identity.tag];
      const known = {stored: stood, position, now, pace: this.#pace};
      return createLine(webhook, identity, known);
    });
  }

  /** The latest time for which the alarm may have been set for webhooks. */
  async #findLatest(
    reading: Promise<Stored | undefined>,
    opened: Promise<Position>,
  ): Promise<number> {
    const [stored, position] = await Promise.all([reading, opened]);
    const throttles = this.#webhooks.map(({throttleMs}) => throttleMs);
    const soon = this.#edge.now() + Math.max(this.#pace.leaseMs, ...throttles);
    return Math.max(
      ...Object.values(stored?.cursors ?? {})
        .map((cursor) => alignCursor(cursor, position))
        .filter((cursor) => !cursor.gone && isBehind(cursor, position))
        .map(({failing}) => Math.max(soon, failing?.nextAt ?? 0)),
    );
  }

  /** Stores how far all are, in this very step. */
  async #save(): Promise<void> {
    const room = this.#findRoomId();
    const stored: Stored = {
      ...(room === undefined ? {} : {room}),
      cursors: Object.fromEntries(
        (this.#lines ?? []).map(({tag, cursor}) => [tag, cursor]),
      ),
    };
    this.#lacksLine = false;
    this.#lacksRoomId = room === undefined;
    try {
      await this.#edge.storage.put({[this.#key]: stored});
    } catch (error) {
      this.#lacksLine = true;
      throw error;
    }
  }

  /** Sets the alarm for what is due next, in this very step. */
  async #arm(): Promise<void> {
    const times = this.#lines
      ? this.#lines.map((line) => line.leaseAt ?? this.#getNextAt(line))
      : // No later by each commit that comes meanwhile.
        [(this.#anewAt ??= this.#edge.now() + this.#pace.firstRetryMs)];
    const known = times.filter((at) => at !== undefined);
    await this.#edge.alarm.setOurs(
      known.length ? Math.min(...known) : undefined,
    );
  }

  /** The same where nobody waits for it: should it fail, it is tried again. */
  #armInPassing(): void {
    const arming = this.#arm().catch((error: unknown) => {
      if (!this.#isAlarmLate) {
        this.#isAlarmLate = true;
        this.#edge.schedule(() => {
          this.#isAlarmLate = false;
          this.#armInPassing();
        }, this.#pace.firstRetryMs);
      }
      throw error;
    });
    this.#ignore(arming);
  }

  #findRoomId(): string | undefined {
    return (this.#roomId ??= this.#edge.findRoomId());
  }

  #getNextAt(line: Line): number | undefined {
    return this.#findRoomId() === undefined ? undefined : getNextAt(line);
  }

  #isDue(line: Line): boolean {
    return (this.#getNextAt(line) ?? Infinity) <= this.#edge.now();
  }

  /** An attempt begins; to be followed by `#arm`, in case the room dies of it. */
  #lease(line: Line): void {
    line.leaseAt = this.#edge.now() + this.#pace.leaseMs;
  }

  /** Begins to send what is due, and waits for none of it. */
  #start(): void {
    for (const line of this.#lines ?? []) {
      if (line.leaseAt === undefined && this.#isDue(line)) {
        this.#lease(line);
        void this.#deliver(line);
      } else if (line.leaseAt !== undefined) {
        // The room is alive, and at it.
        this.#lease(line);
      }
    }
  }

  /** Sends one event after the other, until none is due or one fails. */
  async #deliver(line: Line): Promise<void> {
    try {
      let left = Math.min(
        MAX_EVENTS_AT_ONCE,
        Math.floor(MAX_REQUESTS_AT_ONCE / this.#webhooks.length),
      );
      while (await this.#attempt(line, --left > 0));
    } catch (error) {
      // Storage has failed, or the room: both begin anew.
      line.webhook.onIgnoredError(error);
      if (this.#isKnown(line)) {
        this.onReset();
        this.#armInPassing();
      }
    }
  }

  /**
   * Sends the event that is due; answers whether the next one is, too. Where it
   * may not go on, the alarm does.
   */
  async #attempt(line: Line, mayGoOn: boolean): Promise<boolean> {
    const {webhook} = line;
    let taken: Taken | undefined;
    let outcome: Outcome | undefined;
    try {
      taken = await this.#room.read((state) => this.#take(line, state));
    } catch (error) {
      if (!this.#isKnown(line)) {
        throw error;
      }
      // What it tells of cannot be read: the others may be none the worse.
      outcome = {kind: 'failed', error: error as Error, retryAfterMs: 0};
    }
    if (!this.#isKnown(line)) {
      return false;
    }
    if (taken) {
      // What it covers is stored before anybody knows of it.
      await taken.stored;
      const {message} = taken;
      outcome = await sendWebhook(this.#edge, webhook, message, this.#pace);
    }
    if (outcome) {
      if (outcome.kind != 'delivered') {
        webhook.onIgnoredError(outcome.error);
      }
      if (!this.#isKnown(line)) {
        return false;
      }
      noteOutcome(line, outcome, {
        now: this.#edge.now(),
        random: this.#edge.random(),
        offset: this.#last.offset,
        pace: this.#pace,
      });
    }
    line.leaseAt = undefined;
    const isNext = outcome?.kind == 'delivered' && mayGoOn && this.#isDue(line);
    if (isNext) {
      this.#lease(line);
    }
    await Promise.all([outcome && this.#save(), this.#arm()]);
    return isNext;
  }

  /** Puts the event together that is due, and begins to store what it covers. */
  async #take(line: Line, state: RoomState): Promise<Taken | undefined> {
    const {epoch, offset} = state;
    const cursor = alignCursor(line.cursor, {epoch, offset});
    if (!this.#isKnown(line) || !isBehind(cursor, {epoch, offset})) {
      line.dueAt = undefined;
      return undefined;
    }
    const {to, time, body} = await composeEvent(state, {
      room: this.#roomId!,
      webhook: line.webhook,
      cursor,
      getTime: (at) =>
        (this.#last.offset == at && this.#last.time) || this.#edge.now(),
    });
    // No commit is under way: each one that comes sets it anew.
    line.dueAt = to < offset ? this.#edge.now() : undefined;
    line.cursor = {...cursor, event: {to, time}};
    const stored = cursor.event ? Promise.resolve() : this.#save();
    // Where the turn fails nobody waits for it.
    stored.catch(() => {});
    return {message: {id: `${epoch}_${to}_${line.tag}`, body}, stored};
  }

  /** Whether it is not forgotten meanwhile. */
  #isKnown(line: Line): boolean {
    return !!this.#lines?.includes(line);
  }

  /** What cannot be awaited; where it fails it is made good later. */
  #ignore(promise: Promise<void>): void {
    promise.catch((error: unknown) =>
      this.#webhooks.forEach(({onIgnoredError}) => onIgnoredError(error)),
    );
  }
}
