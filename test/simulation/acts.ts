/** What may be done, or break, next, and how likely each is. */
import type {Cast} from './cast.js';
import type {SimClient} from './sim-client.js';
import {SimRoom} from './sim-room.js';

/** How long a room is idle before it sleeps, which legacy clients count on. */
const SLEEP_MS = 10_000;
/** How long a device runs nothing; past the first of them connections die. */
const FREEZES_MS = [3_000, 70_000, 3_600_000];

type Act = [weight: number, act: () => unknown];

const getClientActs = (
  {world}: Cast,
  client: SimClient,
): {[name: string]: Act} => {
  const {drops, moves, toggles, freezes, skewedClocks, legacyRoom} =
    world.profile;
  const {socket, device} = client;
  const random = world.random.of('act');
  return {
    write: [10, () => client.write()],
    load: [0.6, () => client.reload()],
    save: [0.1, () => client.save()],
    move: [moves, () => client.move()],
    toggle: [toggles, () => client.toggle()],
    'go offline': [drops * 2, () => client.goOffline()],
    'break line': [
      drops * 10,
      () => socket.wire?.isOpen && socket.wire.breakLine(),
    ],
    'stand still': [
      // A room of TinyBase's own leaves too much to timing.
      legacyRoom ? 0 : drops * 10,
      () => socket.wire?.isOpen && socket.wire.standStill(),
    ],
    reconnect: [drops * 10, () => socket.reconnect()],
    freeze: [
      freezes,
      () => device.freeze(random.pick(FREEZES_MS), random.chance(0.3)),
    ],
    hide: [freezes, () => device.setHidden(!device.document.hidden)],
    'set clock': [skewedClocks ? 0.3 : 0, () => device.setClock()],
  };
};

const getOtherActs = (cast: Cast): {[name: string]: Act} => {
  const {world, legacyClients, hostile, repeating} = cast;
  const {drops, crashes, evictions, ownWrites} = world.profile;
  const random = world.random.of('act');
  const inRoom = (act: (room: SimRoom) => void) => () => {
    const {host} = random.pick(Object.values(cast.places));
    if (host instanceof SimRoom) {
      act(host);
    }
  };
  const evict = (room: SimRoom) =>
    room.isIdle(legacyClients.length ? SLEEP_MS : 0) && room.evict();
  return {
    'legacy write': [
      legacyClients.length * 4,
      () => random.pick(legacyClients).write(),
    ],
    'break legacy line': [
      legacyClients.length * drops,
      () => random.pick(legacyClients).socket.wire?.breakLine(),
    ],
    hostile: [hostile ? 3 : 0, () => hostile!.send()],
    repeat: [repeating ? 4 : 0, () => repeating!.send()],
    'repeat elsewhere': [
      repeating ? 0.5 : 0,
      () => repeating!.socket.reconnect(),
    ],
    'room write': [ownWrites * 10, inRoom((room) => room.write())],
    crash: [crashes * 10, inRoom((room) => room.crash())],
    evict: [evictions * 10, inRoom(evict)],
  };
};

/** Somebody does something, or something breaks. */
export const act = async (cast: Cast): Promise<void> => {
  const {world, clients} = cast;
  const {random, clock, profile} = world;
  const client = random.of('who').pick(clients);
  const own = client.device.isFrozen ? {} : getClientActs(cast, client);
  const acts: {[name: string]: Act} = {
    ...own,
    ...getOtherActs(cast),
    replace: [profile.drops, () => cast.replace(client)],
  };
  const weights = Object.fromEntries(
    Object.entries(acts)
      .filter(([, [weight]]) => weight > 0)
      .map(([name, [weight]]) => [name, weight]),
  );
  const name = random.of('acts').race(weights);
  clock.owner = name in own ? client.name : '';
  // Nothing, where all are frozen.
  await acts[name]?.[1]();
};
