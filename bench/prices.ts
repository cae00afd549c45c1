/** What Cloudflare bills for Durable Objects, and what that makes a month. */

/**
 * Dollars a million of each, beyond what the Workers Paid plan includes a month:
 * https://developers.cloudflare.com/durable-objects/platform/pricing, as it was
 * in November 2026.
 */
type Price = {dollars: number; included: number};

const MILLION = 1_000_000;

export const PRICES = {
  /** HTTP requests, new WebSockets, alarms; and messages, see below. */
  requests: {dollars: 0.15, included: MILLION},
  /** GB-s while a room is active, or idle where it may not hibernate. */
  duration: {dollars: 12.5, included: 400_000},
  /** On SQLite; a deletion is a row written. */
  rowsRead: {dollars: 0.001, included: 25_000 * MILLION},
  rowsWritten: {dollars: 1, included: 50 * MILLION},
  /** On key-value storage, of 4 KB each. A list of nothing is one. */
  readUnits: {dollars: 0.2, included: MILLION},
  writeUnits: {dollars: 1, included: MILLION},
  deletes: {dollars: 1, included: MILLION},
} satisfies {[what: string]: Price};

export type Billed = keyof typeof PRICES;

export const UNIT_BYTES = 4_096;
/** So many messages of WebSockets that come in are one request. */
export const MESSAGES_A_REQUEST = 20;
/** What an object is billed for, whatever it uses. */
export const OBJECT_GB = 0.128;
/** What a month costs beside the plan, with nothing rounded. */
export const getDollars = (used: {[what in Billed]?: number}): number =>
  Object.entries(used).reduce((sum, [what, count]) => {
    const {dollars, included} = PRICES[what as Billed];
    return sum + (Math.max(count - included, 0) * dollars) / MILLION;
  }, 0);
