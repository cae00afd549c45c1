/** What must hold when everything has arrived. */
import {RoomLog} from '../../src/server/storage/room-log.js';
import type {Cast} from './cast.js';
import {checkBounds} from './check-bounds.js';
import type {Place} from './fake-http.js';
import {describeDifference, type FlatContent, flatten} from './flat-content.js';
import {LegacyRoom} from './legacy-room.js';
import {isRefused} from './rules.js';
import type {SimClient} from './sim-client.js';
import type {SimRoom} from './sim-room.js';
import type {World} from './world.js';

export const checkRest = async (world: World, cast: Cast): Promise<void> => {
  const {places, clients, legacyClients} = cast;
  world.profile.readMs = 0;
  const truths: {[room: string]: FlatContent} = {};
  for (const room of Object.keys(places)) {
    truths[room] = await readTruth(world, places[room]!);
  }
  for (const {name, isSound, store} of legacyClients) {
    const difference = describeDifference(
      flatten(store.getContent()),
      truths.room!,
    );
    world.expect(
      !difference || !isSound,
      'G8',
      () => `${name} differs from the room: ${difference}`,
    );
  }
  for (const client of clients) {
    checkClient(world, client, truths[client.socket.room]!);
  }
  checkBounds(world, cast);
};

/** What a room that opens the storage anew would find. */
const readTruth = async (
  world: World,
  {host, ledger}: Place,
): Promise<FlatContent> => {
  if (host instanceof LegacyRoom) {
    return await host.read();
  }
  const {storage} = host as SimRoom;
  const log = new RoomLog(storage.open(), world.profile.storagePrefix);
  await log.open(() => 'none', true);
  const truth = flatten(log.epoch ? await log.readContent() : [{}, {}]);
  const unlike = describeDifference(truth, ledger.flat);
  world.expect(!unlike, 'G3', () => `stored is not the truth: ${unlike}`);
  return truth;
};

const checkClient = (
  world: World,
  {name, store, persister, checks, ledger}: SimClient,
  truth: FlatContent,
): void => {
  const state = persister.getSyncState();
  const count = persister.getPendingCount();
  world.expect(
    state == 'synced' && !count,
    'G1',
    () => `${name} rests ${state} with ${count} pending`,
  );
  const shown = flatten(store.getContent());
  const difference = describeDifference(shown, truth);
  // As TinyBase has it: docs/guarantees.md says that it is not promised.
  const isRefusedInFull =
    !truth.size &&
    world.profile.hooks != 'none' &&
    [...shown.values()].every(isRefused);
  world.expect(
    !difference || isRefusedInFull,
    'G1',
    () => `${name} differs from the room: ${difference}`,
  );
  checks.answers.check(truth);
  checks.answers.checkArrived(ledger.pushes);
};
