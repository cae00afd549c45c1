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
  onWake: (listener: () => void) => () => void;
};

const REQUEST_TIMEOUT_MS = 120_000;

/** Needs nothing newer than what React Native has, too. */
export const WORLD: Environment = {
  // React Native has a timeout of its own in the place of this one.
  fetch: (url, init) =>
    fetch(url, {...init, signal: AbortSignal.timeout?.(REQUEST_TIMEOUT_MS)}),
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
