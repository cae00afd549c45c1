/** A room that sends webhooks, with clock, alarm and network moved by hand. */
import {onTestFinished, vi} from 'vitest';
import {Layout} from '../../src/server/storage/layout.js';
import {PACE, type Pace} from '../../src/server/webhooks/limits.js';
import {SharedAlarm} from '../../src/server/webhooks/shared-alarm.js';
import {
  parseWebhooks,
  type WebhookConfig,
} from '../../src/server/webhooks/webhook-config.js';
import {Webhooks} from '../../src/server/webhooks/webhooks.js';
import {createMemoryRoom, type MemoryRoomOptions} from './memory-room.js';
import {createMemoryStorage} from './memory-storage.js';
import {createLife, type FakeAlarm, type Life} from './mortal-storage.js';
import {settle} from './settle.js';
import {SECRET} from './webhook-requests.js';

export const WEBHOOK_URL = 'https://example.com/webhook';

/** One request that the room has made. */
export interface Attempt {
  readonly at: number;
  readonly url: string;
  readonly id: string;
  readonly headers: Headers;
  readonly body: string;
  readonly event: any;
  readonly init: RequestInit;
}

export type Receiver = (
  request: Request,
  attempt: Attempt,
) => Promise<Response> | Response;

export interface WebhookWorldOptions extends Omit<
  MemoryRoomOptions,
  'storage'
> {
  webhooks?: Partial<WebhookConfig> | Partial<WebhookConfig>[];
  receiver?: Receiver;
  pace?: Partial<Pace>;
  /** From 0 up to but excluding 1; always a half unless told. */
  random?: () => number;
  /** What the platform says the id of the room is. */
  roomId?: string | undefined;
  /** The app's own handler of alarms. */
  onAlarm?: () => unknown;
}

export type WebhookWorld = ReturnType<typeof createWebhookWorld>;

export const respond = (status = 204, headers: HeadersInit = {}): Response =>
  new Response(null, {status, headers});

export const createWebhookWorld = (options: WebhookWorldOptions = {}) => {
  const storage = createMemoryStorage();
  const alarm: FakeAlarm = {at: null};
  const attempts: Attempt[] = [];
  const errors: unknown[] = [];
  const timers = new Set<{at: number; run: () => void}>();
  let {webhooks = {}, receiver = () => respond()} = options;
  let roomId = 'roomId' in options ? options.roomId : 'room';
  let now = 1_800_000_000_000;
  vi.useFakeTimers({toFake: ['Date'], now});
  onTestFinished(() => void vi.useRealTimers());

  let life: Life;
  let room: ReturnType<typeof createMemoryRoom>;
  let sender: Webhooks;
  /** Whether the platform waits for the alarm's handler. */
  let isRinging = false;
  let ringCount = 0;
  let value = 0;

  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const sentIn = life;
    const request = new Request(url, init);
    const body = new TextDecoder().decode(init.body as Uint8Array);
    const attempt: Attempt = {
      at: now,
      url,
      id: request.headers.get('webhook-id')!,
      headers: request.headers,
      body,
      event: JSON.parse(body),
      init,
    };
    attempts.push(attempt);
    const response = await receiver(request, attempt);
    // To one who has died meanwhile it is no answer.
    return sentIn.isOver ? await new Promise(() => {}) : response;
  };

  const start = (lastWrite?: number): void => {
    life = createLife(storage, alarm, lastWrite);
    room = createMemoryRoom({...options, storage: life.storage});
    room.edge.now = () => now;
    sender = new Webhooks(
      room.room,
      parseWebhooks(
        [webhooks].flat().map((webhook) => ({
          url: WEBHOOK_URL,
          secret: SECRET,
          onIgnoredError: (error) => errors.push(error),
          ...webhook,
        })),
      ),
      {
        storage: life.storage,
        storagePrefix: '',
        alarm: new SharedAlarm(life.alarm, life.storage, new Layout('').alarm),
        pace: {...PACE, ...options.pace},
        random: options.random ?? (() => 0.5),
        findRoomId: () => roomId,
        fetch,
        now: () => now,
        schedule: (run, delayMs) => {
          const timer = {at: now + delayMs, run};
          timers.add(timer);
          return () => timers.delete(timer);
        },
      },
    );
    room.room.follow(sender);
  };

  /** The alarm goes off; where the room dies of it, it will again. */
  const ring = async (): Promise<void> => {
    const {over} = life;
    isRinging = true;
    ringCount++;
    alarm.at = null;
    const ending = (async () => {
      await sender.ring(options.onAlarm).catch((error) => errors.push(error));
      isRinging = false;
    })();
    await settle();
    await Promise.race([ending, over, settle()]);
    if (life.isOver && isRinging) {
      alarm.at ??= now;
    }
  };

  const setNow = (at: number): void => {
    now = Math.max(now, at);
    vi.setSystemTime(now);
  };

  start();

  return {
    storage,
    alarm,
    attempts,
    errors,
    get now() {
      return now;
    },
    get life() {
      return life;
    },
    get room() {
      return room;
    },
    get sender() {
      return sender;
    },
    /** The alarm goes off, whoever has set it. */
    ring,

    /** How often it has. */
    get ringCount() {
      return ringCount;
    },

    /** It is that late, and nothing else happens. */
    setNow,

    /** What answers from now on. */
    setReceiver: (next: Receiver) => {
      receiver = next;
    },
    setRoomId: (next: string | undefined) => {
      roomId = next;
    },

    /** Something changes; resolves when it is stored, or the room is dead. */
    commit: async (values: object = {n: ++value}): Promise<void> => {
      const changes: any = [{}, values, 1];
      await Promise.race([room.room.apply(changes), life.over]);
      await settle();
    },

    /** Lets time pass, and what is due happen. */
    advance: async (ms: number): Promise<void> => {
      const end = now + ms;
      await settle();
      for (;;) {
        const timer = [...timers].sort((a, b) => a.at - b.at)[0];
        const alarmAt =
          isRinging || life.isOver ? Infinity : (alarm.at ?? Infinity);
        const next = Math.min(timer?.at ?? Infinity, alarmAt);
        if (next > end) {
          break;
        }
        setNow(next);
        if (alarmAt == next) {
          await ring();
        } else {
          timers.delete(timer!);
          timer!.run();
        }
        await settle();
      }
      setNow(end);
    },

    /** Another instance of the room begins, with another config if given. */
    restart: ({
      lastWrite,
      losesAlarm = false,
      webhooks: nextWebhooks = webhooks,
    }: {
      /** At which of its writes it will die. */
      lastWrite?: number;
      losesAlarm?: boolean;
      webhooks?: WebhookWorldOptions['webhooks'];
    } = {}): void => {
      life.end();
      timers.clear();
      isRinging = false;
      webhooks = nextWebhooks;
      if (losesAlarm) {
        alarm.at = null;
      }
      start(lastWrite);
    },

    /** Where the room stands by its storage, without waking it. */
    getPosition: () => createMemoryRoom({storage}).getPosition(),

    /** The events of attempts, as `from-to`. */
    getRanges: (from = 0): string[] =>
      attempts
        .slice(from)
        .map(({event: {data}}) => `${data.fromOffset}-${data.toOffset}`),
  };
};
