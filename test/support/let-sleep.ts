import type {RoomServer} from './room-server.js';
import type {TestRoom} from './test-room.js';

/** Any platform evicts after 10 s without an event, and any look would be one. */
export const IDLE_MS = 12_000;

/** Has a room sleep that nothing keeps awake. */
export const letSleep = async (
  server: RoomServer,
  {party, name}: TestRoom,
): Promise<void> => {
  if (server.evict) {
    await server.evict(party, name);
  } else {
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  }
};
