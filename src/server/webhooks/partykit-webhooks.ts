/** A room's webhooks on PartyKit. */
import type {Party, Server} from 'partykit/server';
import type {Room} from '../room.js';
import {Layout} from '../storage/layout.js';
import {
  type AlarmStorage,
  getPlatformAlarm,
  shareStorageAlarm,
} from './app-storage.js';
import {SharedAlarm} from './shared-alarm.js';
import type {Webhook} from './webhook-config.js';
import {Webhooks} from './webhooks.js';

/** What somebody's visit tells of the room: a request, or a connection. */
export type Visit = {url?: string | null; uri?: string | null};

/** The room's id in a URL, as PartyKit itself takes it from there. */
const parseRoomId = (url: string): string | undefined =>
  /^\/(?:party|parties\/[^/]+)\/([^/]+)/.exec(new URL(url).pathname)?.[1];

/** Undefined in an alarm, and ever after where the alarm woke the room. */
const getRoomId = (party: Party): string | undefined => {
  try {
    return party.id;
  } catch {
    return undefined;
  }
};

/**
 * Begins to send webhooks. The room's alarm is shared from here on. Answers what
 * to call at each visit.
 */
export const startWebhooks = (
  server: Server & {readonly party: Party},
  room: Room<any>,
  {webhooks, storagePrefix}: {webhooks: Webhook[]; storagePrefix: string},
): ((visit: Visit) => void) => {
  const {party} = server;
  const storage = party.storage as unknown as AlarmStorage;
  const alarm = new SharedAlarm(
    getPlatformAlarm(storage),
    party.storage,
    new Layout(storagePrefix).alarm,
    () => void room.read(async () => {}).catch(() => {}),
  );
  let visitedId: string | undefined;
  const sender = new Webhooks(room, webhooks, {
    storage: party.storage,
    storagePrefix,
    alarm,
    fetch: (url, init) => fetch(url, init),
    now: () => Date.now(),
    random: () => Math.random(),
    schedule: (run, delayMs) => room.schedule(run, delayMs),
    findRoomId: () => getRoomId(party) ?? visitedId,
  });
  room.follow(sender);
  shareStorageAlarm(storage, alarm);

  const onAlarm = server.onAlarm?.bind(server);
  server.onAlarm = () => sender.ring(onAlarm);

  return ({url, uri}) => {
    const visited = url ?? uri;
    if (visited && !visitedId) {
      visitedId = parseRoomId(visited);
      sender.noteVisit();
    }
  };
};
