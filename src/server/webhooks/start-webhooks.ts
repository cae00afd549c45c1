/** Begins to send a room's webhooks, on any platform. */
import type {Room} from '../room.js';
import type {KeyValueStorage} from '../storage/key-value-storage.js';
import {Layout} from '../storage/layout.js';
import {
  type AlarmStorage,
  getPlatformAlarm,
  shareStorageAlarm,
} from './app-storage.js';
import {SharedAlarm} from './shared-alarm.js';
import type {Webhook} from './webhook-config.js';
import {Webhooks} from './webhooks.js';

export type WebhooksOptions = {
  webhooks: Webhook[];
  storage: KeyValueStorage & AlarmStorage;
  storagePrefix: string;
  /** The id of the room, where the platform tells it. */
  findRoomId(): string | undefined;
};

/** The room's alarm is shared from here on. Takes nothing from storage yet. */
export const startWebhooks = (
  room: Room<any>,
  {webhooks, storage, storagePrefix, findRoomId}: WebhooksOptions,
): Webhooks => {
  const alarm = new SharedAlarm(
    getPlatformAlarm(storage),
    storage,
    new Layout(storagePrefix).alarm,
    () => void room.read(async () => {}).catch(() => {}),
  );
  const sender = new Webhooks(room, webhooks, {
    storage,
    storagePrefix,
    alarm,
    fetch: (url, init) => fetch(url, init),
    now: () => Date.now(),
    random: () => Math.random(),
    schedule: (run, delayMs) => room.schedule(run, delayMs),
    findRoomId,
  });
  room.follow(sender);
  shareStorageAlarm(storage, alarm);
  return sender;
};
