import {setTimeout} from 'node:timers/promises';

const DEFAULT_PATIENCE_MS = 5_000;

let patienceMs = DEFAULT_PATIENCE_MS;

/**
 * Waits until an assertion holds, and fails with it at the deadline; returns
 * what it returned. One that is under way then is waited for: what it says counts.
 */
export const expectSoon = async <Result>(
  assertion: () => Result | Promise<Result>,
  timeoutMs = patienceMs,
): Promise<Result> => {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (performance.now() >= deadline) {
        throw error;
      }
    }
    await setTimeout(10);
  }
};

/** Waits less than usual within `action`, where a claim is to fail anyway. */
export const withPatience = async <Result>(
  timeoutMs: number,
  action: () => Promise<Result>,
): Promise<Result> => {
  patienceMs = timeoutMs;
  try {
    return await action();
  } finally {
    patienceMs = DEFAULT_PATIENCE_MS;
  }
};
