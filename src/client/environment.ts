/** What a session takes from the world around it. */
export type Environment = {
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  setTimeout: (run: () => void, ms: number) => any;
  clearTimeout: (timer: any) => void;
  now: () => number;
  /** From 0 to 1, to spread what would otherwise happen to all at once. */
  random: () => number;
  /** An id that nobody guesses. */
  createId: () => string;
};

const REQUEST_TIMEOUT_MS = 120_000;

/** Nothing newer than what React Native has, too. */
export const WORLD: Environment = {
  fetch: (url, init) => {
    const controller = new AbortController();
    const timer: any = setTimeout(() => controller.abort(), REQUEST_TIMEOUT_MS);
    // Node would stay for it.
    timer.unref?.();
    return fetch(url, {...init, signal: controller.signal});
  },
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer),
  now: () => Date.now(),
  random: () => Math.random(),
  createId: () =>
    Array.from(
      globalThis.crypto?.getRandomValues(new Uint8Array(12)) ??
        Array.from({length: 12}, () => Math.random() * 256),
      (byte) => Math.floor(byte).toString(36).padStart(2, '0'),
    ).join(''),
};
