/** What ends a command, and what is said of it. */

/** It was called in a way that it cannot be: exit code 2. */
export class UsageError extends Error {}

/** It could not do what it was asked to: exit code 1. */
export class CommandError extends Error {}

/** It was ended by a signal before it was done: exit code 130. */
export class InterruptedError extends Error {}

export const EXIT_CODES = {
  done: 0,
  failed: 1,
  misused: 2,
  interrupted: 130,
} as const;

/** An error and what has caused it, in one line. */
export const describeError = (error: unknown): string => {
  const parts: string[] = [];
  let one: any = error;
  for (let depth = 0; one !== undefined && one !== null && depth < 4; depth++) {
    const message: string | undefined =
      typeof one == 'object' ? one.message || one.code || one.name : `${one}`;
    // An AggregateError of several addresses has no message of its own.
    const text = message?.replaceAll(/\s*\n\s*/g, ' ').trim();
    if (text && !parts.some((part) => part.includes(text))) {
      parts.push(text);
    }
    one = typeof one == 'object' ? (one.cause ?? one.errors?.[0]) : undefined;
  }
  return (
    parts
      .map((part, i) => (parts[i + 1] ? part.replace(/\.$/, '') : part))
      .join(': ') || 'Unknown error'
  );
};
