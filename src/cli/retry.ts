/** Doing again what has failed for reasons that may pass. */
import {setTimeout} from 'node:timers/promises';
import {RoomError} from '../mirror/room-http.js';

const MAX_ATTEMPTS = 5;
const FIRST_DELAY_MS = 250;
/** Past it nothing is tried again, so that who does not answer is told of soon. */
const MAX_MS = 20_000;

/** Rests; throws where the user wants an end meanwhile. */
export const rest = (delayMs: number, signal: AbortSignal): Promise<void> =>
  setTimeout(delayMs, undefined, {signal});

const isOfNetwork = (error: unknown): boolean =>
  // fetch throws the first; the second is what a deadline throws.
  error instanceof TypeError || (error as Error)?.name == 'TimeoutError';

/** Whether it may be otherwise soon: no connection, or a server in trouble. */
export const mayPass = (error: unknown): boolean =>
  error instanceof RoomError
    ? error.status >= 500 || error.status == 429
    : isOfNetwork(error) || isOfNetwork((error as Error)?.cause);

/** Runs it up to five times, within some seconds and as long as one takes. */
export const retry = async <Result>(
  run: () => Promise<Result>,
  signal: AbortSignal,
): Promise<Result> => {
  const deadline = performance.now() + MAX_MS;
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      const isOver = attempt >= MAX_ATTEMPTS || performance.now() >= deadline;
      if (signal.aborted || isOver || !mayPass(error)) {
        throw error;
      }
      // Twice as long each time, and spread: others may wait for the same.
      await rest(
        FIRST_DELAY_MS * 2 ** (attempt - 1) * (0.5 + Math.random()),
        signal,
      );
    }
  }
};
