/** Webhooks of a room in memory, each handed to a mirror at once. */
import type {Mirror} from 'tinybase-partykit/mirror';
import type {StoreUpdatedEvent} from 'tinybase-partykit/webhook';
import {parseWebhookEvent} from '../../src/protocol/webhook-event.js';
import {composeEvent} from '../../src/server/webhooks/compose-event.js';
import type {MemoryRoom} from './memory-room.js';
import type {RandomInteger} from './random-edits.js';

/** What a room's webhooks would tell, in order, until it is taken. */
export const createWebhookTeller = (
  memoryRoom: MemoryRoom,
  random: RandomInteger,
) => {
  const {getPosition} = memoryRoom;
  let cursor = {epoch: '', offset: 0};
  const told: StoreUpdatedEvent[] = [];
  return {
    /** One more, if there is; false where that could not be delivered. */
    tell: async (mirror: Mirror): Promise<boolean> => {
      const include = (['changes', 'content', 'none'] as const)[random(3)]!;
      const now = await getPosition();
      if (now.epoch != cursor.epoch) {
        cursor = {epoch: now.epoch, offset: 0};
      }
      if (now.offset == cursor.offset) {
        return true;
      }
      const {body, to} = await memoryRoom.room.read((state) =>
        composeEvent(state, {
          room: 'my-room',
          webhook: {include, throttleMs: random(2)},
          cursor,
          getTime: () => 0,
        }),
      );
      const parsed = parseWebhookEvent(
        JSON.parse(new TextDecoder().decode(body)),
      );
      if (parsed.kind != 'known') {
        throw new Error('The event is not one.');
      }
      told.push(parsed.event);
      try {
        await mirror.onStoreUpdated(structuredClone(parsed.event));
        cursor = {...cursor, offset: to};
        return true;
      } catch {
        return false;
      }
    },
    /** One that has come before, of whatever epoch. */
    repeat: async (mirror: Mirror): Promise<void> => {
      if (told.length) {
        await mirror
          .onStoreUpdated(structuredClone(told[random(told.length)]!))
          .catch(() => {});
      }
    },
  };
};
