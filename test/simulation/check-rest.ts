/** What must hold when everything has arrived. */
import {RoomLog} from '../../src/server/room-log.js';
import type {Cast} from './cast.js';
import {describeDifference, flatten} from './flat-content.js';
import type {World} from './world.js';

export const checkRest = async (
  world: World,
  {room, legacyRoom, ledger, clients, legacyClients}: Cast,
): Promise<void> => {
  const {profile} = world;
  profile.readMs = 0;
  const log = new RoomLog(room.storage.open(), profile.storagePrefix);
  await log.open(() => 'none', true);
  const truth = legacyRoom
    ? await legacyRoom.read()
    : flatten(log.epoch ? await log.readContent() : [{}, {}]);
  const unlike = describeDifference(truth, ledger.flat);
  world.expect(
    !unlike || !!legacyRoom,
    'G3',
    () => `stored is not the truth: ${unlike}`,
  );

  for (const {name, isSound, store} of legacyClients) {
    const difference = describeDifference(flatten(store.getContent()), truth);
    world.expect(
      !difference || !isSound,
      'G8',
      () => `${name} differs from the room: ${difference}`,
    );
  }
  for (const {name, store, persister, checks} of clients) {
    const state = persister.getSyncState();
    const count = persister.getPendingCount();
    world.expect(
      state == 'synced' && !count,
      'G1',
      () => `${name} rests ${state} with ${count} pending`,
    );
    const difference = describeDifference(flatten(store.getContent()), truth);
    world.expect(
      !difference,
      'G1',
      () => `${name} differs from the room: ${difference}`,
    );
    checks.checkAnswers(truth);
  }
};
