import type {Environment} from '../../src/client/environment.js';

type Timer = {run: () => void; at: number};

export interface ScriptedRequest {
  readonly method: string;
  readonly url: string;
  readonly body: string | undefined;
  answer(status: number, body?: string | null, etag?: string): Promise<void>;
  fail(error: unknown): Promise<void>;
}

export interface ScriptedWorld {
  readonly environment: Environment;
  /** Requests that nobody has answered yet. */
  readonly requests: ScriptedRequest[];
  /** Takes the one request that is waiting. */
  takeRequest(): ScriptedRequest;
  /** Lets time pass, and what is due happen. */
  advance(ms: number): Promise<void>;
  getTimerCount(): number;
  /** How many listen to the page being looked at. */
  getWakerCount(): number;
  /** The page is looked at no more, or again. */
  setHidden(hidden: boolean): void;
}

/** Lets all that only waits for promises happen. */
export const settle = async (): Promise<void> => {
  await new Promise((resolve) => setImmediate(resolve));
};

/** Creates a clock, ids and a network that a test moves by hand. */
export const createScriptedWorld = (): ScriptedWorld => {
  const timers = new Set<Timer>();
  const requests: ScriptedRequest[] = [];
  const wakers = new Set<(event: unknown) => void>();
  let isHidden = false;
  let now = 1_000;
  let lastId = 0;

  const fetch: Environment['fetch'] = (url, init) =>
    new Promise((resolve, reject) => {
      const finish = async (run: () => void): Promise<void> => {
        requests.splice(requests.indexOf(request), 1);
        run();
        await settle();
      };
      const request: ScriptedRequest = {
        method: init.method ?? 'GET',
        url,
        body: init.body as string | undefined,
        answer: (status, body = null, etag) =>
          finish(() =>
            resolve(
              new Response(status == 204 || status == 205 ? null : body, {
                status,
                headers: etag === undefined ? {} : {ETag: etag},
              }),
            ),
          ),
        fail: (error) => finish(() => reject(error)),
      };
      requests.push(request);
    });

  return {
    environment: {
      fetch,
      setTimeout: (run, ms) => {
        const timer = {run, at: now + ms};
        timers.add(timer);
        return timer;
      },
      clearTimeout: (timer) => timers.delete(timer),
      now: () => now,
      random: () => 0.5,
      createId: () => `id${++lastId}`,
      isHidden: () => isHidden,
      onWake: (listener) => {
        wakers.add(listener);
        return () => wakers.delete(listener);
      },
    },

    requests,

    takeRequest: () => {
      if (requests.length != 1) {
        throw new Error(`${requests.length} requests are waiting, not one`);
      }
      return requests[0]!;
    },

    advance: async (ms) => {
      const end = now + ms;
      for (;;) {
        await settle();
        const due = [...timers]
          .filter(({at}) => at <= end)
          .sort((a, b) => a.at - b.at)[0];
        if (!due) {
          break;
        }
        timers.delete(due);
        now = Math.max(now, due.at);
        due.run();
      }
      now = end;
      await settle();
    },

    getTimerCount: () => timers.size,

    getWakerCount: () => wakers.size,

    setHidden: (hidden) => {
      isHidden = hidden;
      wakers.forEach((wake) => wake({}));
    },
  };
};
