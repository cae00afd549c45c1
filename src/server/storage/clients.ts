/** Which pushes of whom were answered, as a room remembers them. */
import {MAX_REMEMBERED_REFUSALS} from '../../protocol/limits.js';
import type {Answer} from '../../protocol/messages.js';

export type Clients = Map<string, Answer>;

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
    clients.delete(clients.keys().next().value!);
  }
};
