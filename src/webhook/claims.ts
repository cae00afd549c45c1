import {HANDLING_TIMEOUT_MS} from './limits.js';

/** Gives up a claim; another's of the same id, if this has expired, stays. */
type Release = () => void;

/** Has each id claimed by one at a time, and for so long at most. */
export const createClaims = (timeoutMs = HANDLING_TIMEOUT_MS) => {
  // In the order in which they were claimed.
  const claims = new Map<string, {sinceMs: number}>();

  /** Claims an id; undefined where it is claimed already. */
  return (id: string): Release | undefined => {
    const claim = {sinceMs: Date.now()};
    for (const [other, {sinceMs}] of claims) {
      if (claim.sinceMs - sinceMs < timeoutMs) {
        break;
      }
      claims.delete(other);
    }
    if (claims.has(id)) {
      return undefined;
    }
    claims.set(id, claim);
    return () => {
      if (claims.get(id) === claim) {
        claims.delete(id);
      }
    };
  };
};
