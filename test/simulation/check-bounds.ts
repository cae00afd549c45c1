/** G7: what must be left, and no more than that, when everything has arrived. */
import {Layout} from '../../src/server/storage/layout.js';
import {endsBy} from '../../src/server/storage/log-entries.js';
import type {Cast} from './cast.js';
import type {Place} from './fake-http.js';
import {SimRoom} from './sim-room.js';
import type {World} from './world.js';

/** What an entry holds besides its delta and its answers. */
const ENTRY_OVERHEAD = 40;

export const checkBounds = (world: World, cast: Cast): void => {
  for (const {host, ledger} of Object.values(cast.places)) {
    if (host instanceof SimRoom) {
      checkStorage(world, host.storage.durable, ledger.head);
    }
  }
  checkConnections(world, cast);
  for (const {name, device} of cast.gone) {
    const timers = world.clock.countScriptTimers(name);
    const {listenerCount} = device;
    world.expect(
      !timers && !listenerCount,
      'G7',
      () =>
        `${name} is destroyed, with ${timers} timers and ${listenerCount} listeners left`,
    );
  }
};

/** Connections that both ends have left are not kept. */
const checkConnections = (world: World, cast: Cast): void => {
  const {clients, legacyClients, hostile, repeating, places} = cast;
  const others = [hostile, repeating].filter((one) => one !== undefined);
  const ends = [...clients, ...legacyClients, ...others];
  const open = ends.filter(({socket}) => socket.wire?.isOpen);
  const known = Object.values(places)
    .map(({host}) => host)
    .filter((host) => host instanceof SimRoom)
    .reduce((sum, {connectionCount}) => sum + connectionCount, 0);
  const halfOpen = world.counts['half open at room'] ?? 0;
  // One of each may just be on its way out.
  const most = open.length + ends.length + halfOpen;
  world.expect(
    world.profile.legacyRoom || known <= most,
    'G7',
    () => `${known} connections, ${open.length} and ${halfOpen} half-open`,
  );
};

/** Nothing that was let go of stays, and the rest is as much as it may be. */
const checkStorage = (
  world: World,
  durable: Map<string, unknown>,
  head: Place['ledger']['head'],
): void => {
  const {MIN_COMPACTION_BYTES, MAX_CATCH_UP_BYTES, MAX_CLIENTS} =
    world.profile.limits;
  let bytes = 0;
  let longest = 0;
  const expect = (holds: boolean, message: () => string) =>
    world.expect(holds, 'G7', () => `in storage ${message()}`);
  // Where it dies of a snapshot, the next commit tries again.
  const {crash = 0, 'storage fails': failures = 0} = world.counts;
  const isUndisturbed = !crash && !failures;
  const {leftovers} = head ?? {};
  expect(!leftovers || !isUndisturbed, () => `are leftovers: ${leftovers}`);
  for (const [key, value] of durable) {
    const [, area, number = ''] = /#tbpk:(\w+):?(\d*)/.exec(key) ?? [];
    if (!area) {
      const isLeft = /^(app_)?(hasStore|t")/.test(key);
      expect(
        !head || leftovers == 'legacy' || !isLeft,
        () => `${key} is left of TinyBase's layout`,
      );
      continue;
    }
    const {length} = value as string | Uint8Array;
    if (area == 'l') {
      const {offset} = head!.tail;
      expect(
        !endsBy(new Layout(key.split('#')[0]!), [key, value], offset) ||
          !!leftovers,
        () => `${key} is before ${offset}`,
      );
      bytes += length;
      longest = Math.max(longest, length);
    } else if (area == 's') {
      const isCurrent = +number == head!.generation % 2;
      expect(
        isCurrent || !isUndisturbed,
        () => `${key} is not of snapshot ${head!.generation}`,
      );
      bytes += isCurrent ? length : 0;
    } else if (area == 'clients' && typeof value == 'string') {
      const count = JSON.parse(value).length;
      expect(count <= MAX_CLIENTS!, () => `${count} clients are remembered`);
    }
  }
  const content = Math.max(head?.bytes ?? 0, MIN_COMPACTION_BYTES!);
  const most =
    content * 2 +
    MAX_CATCH_UP_BYTES! +
    longest * (2 + crash + failures) +
    ENTRY_OVERHEAD;
  expect(
    bytes <= most * 1.2,
    () => `are ${bytes} bytes, where ${head?.bytes} were content`,
  );
};
