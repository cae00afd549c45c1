/** When to try again what has failed. */
import {PACE, type Pace} from './limits.js';

/**
 * How long to wait after so many failures in a row: twice as long each time, and
 * spread by half of it both ways, as many rooms may have one receiver.
 *
 * @param random From 0 up to but excluding 1.
 */
export const getRetryDelayMs = (
  failures: number,
  random: number,
  pace: Pace = PACE,
): number =>
  Math.round(
    Math.min(pace.firstRetryMs * 2 ** (failures - 1), pace.maxRetryMs) *
      (0.5 + random),
  );

/** How long a receiver asks to wait for: seconds, or until a date. */
export const parseRetryAfterMs = (
  header: string | null,
  now: number,
  pace: Pace = PACE,
): number => {
  const text = header?.trim() ?? '';
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return ms > 0 ? Math.min(ms, pace.maxRetryAfterMs) : 0;
};
