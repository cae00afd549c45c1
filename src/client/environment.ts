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

export const WORLD: Environment = {
  fetch: (url, init) =>
    fetch(url, {...init, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS)}),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer),
  now: () => Date.now(),
  random: () => Math.random(),
  createId: () =>
    Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) =>
      byte.toString(36).padStart(2, '0'),
    ).join(''),
};
