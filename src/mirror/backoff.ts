import {MAX_RETRY_MS, RETRY_MS} from './limits.js';

/** Resolves after so long, or at once when it is aborted. */
export const wait = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });

/** How long to wait after so many failures in a row: spread by half, both ways. */
export const getRetryMs = (failures: number, random = Math.random): number =>
  Math.min(RETRY_MS * 2 ** Math.min(failures - 1, 20), MAX_RETRY_MS) *
  (0.5 + random());
