/** Looks time and again for what others have changed in a two-way sink. */
import {getRetryMs, wait} from './backoff.js';
import {MAX_PUSHES} from './limits.js';

type Polling = {
  listEdited: () => Promise<string[]>;
  /** Tells a room; one at a time for each. */
  push: (room: string) => Promise<void>;
  pollMs: number;
  signal: AbortSignal;
  onError: (error: unknown, room?: string) => void;
};

const forgetOthers = (rooms: Map<string, unknown>, known: string[]): void => {
  if (rooms.size) {
    const kept = new Set(known);
    [...rooms.keys()]
      .filter((room) => !kept.has(room))
      .forEach((room) => rooms.delete(room));
  }
};

/** Resolves when it is aborted, and nothing is under way any more. */
export const pollEdits = async ({
  listEdited,
  push,
  pollMs,
  signal,
  onError,
}: Polling): Promise<void> => {
  const pushing = new Map<string, Promise<void>>();
  /** Rooms that could not be told, and when they are told again. */
  const failed = new Map<string, {failures: number; until: number}>();

  const pushOne = async (room: string): Promise<void> => {
    try {
      await push(room);
      failed.delete(room);
    } catch (error) {
      const failures = (failed.get(room)?.failures ?? 0) + 1;
      failed.set(room, {failures, until: Date.now() + getRetryMs(failures)});
      if (!signal.aborted) {
        onError(error, room);
      }
    } finally {
      pushing.delete(room);
    }
  };

  const isDue = (room: string): boolean =>
    !pushing.has(room) && (failed.get(room)?.until ?? 0) <= Date.now();

  const getFailures = (room: string): number => failed.get(room)?.failures ?? 0;

  let failures = 0;
  while (!signal.aborted) {
    try {
      const edited = await listEdited();
      failures = 0;
      forgetOthers(failed, edited);
      // Rooms that do not answer take up a place each: they come last.
      edited
        .filter(isDue)
        .sort((one, other) => getFailures(one) - getFailures(other))
        .slice(0, MAX_PUSHES - pushing.size)
        .forEach((room) => pushing.set(room, pushOne(room)));
    } catch (error) {
      failures++;
      onError(error);
    }
    const retryMs = failures ? getRetryMs(failures) : 0;
    await wait(Math.max(pollMs, retryMs), signal);
  }
  await Promise.all(pushing.values());
};
