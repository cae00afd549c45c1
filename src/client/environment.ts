/** What a session takes from the world around it. */
export type Environment = {
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  setTimeout: (run: () => void, ms: number) => any;
  clearTimeout: (timer: any) => void;
  /** Milliseconds since whenever; setting the clock does not move it. */
  now: () => number;
  /** From 0 to 1, to spread what would otherwise happen to all at once. */
  random: () => number;
  /** An id that nobody guesses. */
  createId: () => string;
  /** Whether nobody looks at the page, where there is one. */
  isHidden: () => boolean;
  /** Listens to whether the page is looked at; answers how to stop. */
  onWake: (listener: (event: unknown) => void) => () => void;
};

/** How long a room may take to begin to respond: a dead connection never does. */
const HEADERS_TIMEOUT_MS = 20_000;
/** How long content may be on its way. */
const BODY_TIMEOUT_MS = 120_000;

/** Needs nothing newer than what React Native has, too. */
export const WORLD: Environment = {
  fetch: async (url, init) => {
    const controller = new AbortController();
    let timer: any;
    const abortAfter = (ms: number): void => {
      clearTimeout(timer);
      timer = setTimeout(() => controller.abort(), ms);
      // Node would stay for it.
      timer.unref?.();
    };
    abortAfter(init.body ? BODY_TIMEOUT_MS : HEADERS_TIMEOUT_MS);
    const response = await fetch(url, {...init, signal: controller.signal});
    abortAfter(BODY_TIMEOUT_MS);
    return response;
  },
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer),
  now: () => performance.now(),
  random: () => Math.random(),
  createId: () =>
    (
      globalThis.crypto?.getRandomValues(new Uint32Array(4)) ??
      [0, 0, 0].map(Math.random)
    ).join('-'),
  isHidden: () => globalThis.document?.hidden,
  onWake: (listener) => {
    globalThis.document?.addEventListener('visibilitychange', listener);
    return () =>
      globalThis.document?.removeEventListener('visibilitychange', listener);
  },
};
