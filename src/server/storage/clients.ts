/** Which pushes of whom were answered, as a room remembers them. */
import {MAX_REMEMBERED_REFUSALS} from '../../protocol/limits.js';
import type {Answer} from '../../protocol/messages.js';
import {isReservedId} from '../idempotency-key.js';

/** By client, who wrote last at the end; also by those of a PATCH's key. */
export type Clients = Map<string, Answer>;

/**
 * Who is forgotten: who has not written for longest, of those with a key where
 * they are more than half, else of those with a WebSocket. These are many, each
 * page is one; of a back end, such as a mirror, there is one for ever.
 */
const findForgotten = (clients: Clients): string => {
  const ids = [...clients.keys()];
  const earlier = ids.slice(0, -1);
  const hasManyKeys = ids.filter(isReservedId).length * 2 > ids.length;
  return (
    earlier.find((id) => isReservedId(id) == hasManyKeys) ??
    earlier[0] ??
    ids[0]!
  );
};

/** Notes an answer as a client's latest, besides what was refused before. */
export const addAnswer = (
  clients: Clients,
  clientId: string,
  [mutationId, ...refusedIds]: Answer,
  maxClients = Infinity,
): void => {
  const [last, ...earlierIds] = clients.get(clientId) ?? [0];
  clients.delete(clientId);
  clients.set(clientId, [
    Math.max(last, mutationId),
    ...[...new Set([...earlierIds, ...refusedIds])].slice(
      -MAX_REMEMBERED_REFUSALS,
    ),
  ]);
  if (clients.size > maxClients) {
    clients.delete(findForgotten(clients));
  }
};
