export interface UntilOptions {
  /** How long to wait before giving up. 5,000 unless told. */
  timeoutMs?: number;
  /** How long to wait between two looks. 5 unless told. */
  intervalMs?: number;
  /** What was waited for, or a function that describes the state at the end. */
  message?: string | (() => string);
}

/**
 * Waits until `condition` returns something truthy, and returns that. Rejects
 * at the deadline; what the condition threw last becomes the error's cause.
 */
export const until = async <Result>(
  condition: () => Result | Promise<Result>,
  {timeoutMs = 5_000, intervalMs = 5, message}: UntilOptions = {},
): Promise<NonNullable<Result>> => {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const result = await condition();
      if (result) {
        return result;
      }
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= deadline) {
      const what = typeof message === 'function' ? message() : message;
      throw new Error(
        `waited ${timeoutMs} ms in vain: ${what ?? condition.toString()}`,
        {cause},
      );
    }
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
};
