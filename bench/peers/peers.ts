/** What a user would pick instead, and how its server is started. */
import {
  type PeerServer,
  startDurableObject,
  startPartyKit,
  startSocketIo,
} from './servers.js';

export type Peer = {
  /** As the tables call it. */
  title: string;
  start: () => Promise<PeerServer>;
};

/**
 * Each is set up as its own documentation has it, with its state on disk. What
 * they promise differs, and so what the figures stand for:
 * - ours: stored before anybody is told, and told to who was away;
 * - TinyBase's persister: stored before anybody is told; who was away has to load
 *   all of it;
 * - TinyBase's synchronizer: told at once, stored right after that;
 * - y-partyserver: told at once, stored within seconds;
 * - y-partykit: told at once, stored change by change as fast as that goes;
 * - Socket.IO: stored before anybody is told, but there is no store, and a new
 *   client gets every change that there ever was. Its tutorial's client sends one
 *   change at a time, for which its retries are the reason; the variant without
 *   them may lose some.
 *
 * The Durable Objects run on a current workerd, rooms of PartyKit on that which
 * `partykit dev` brings along.
 */
export const PEERS = {
  ours: {
    title: 'tinybase-partykit, with its client',
    start: () => startPartyKit('bench/rooms/ours.ts'),
  },
  tinybase: {
    title: 'TinyBase’s own PartyKit persister',
    start: () => startPartyKit('bench/rooms/tinybase.ts'),
  },
  synchronizer: {
    title: 'TinyBase MergeableStore, Durable Object',
    start: () => startDurableObject('synchronizer'),
  },
  yPartyServer: {
    title: 'Yjs, y-partyserver',
    start: () => startDurableObject('y-partyserver'),
  },
  yPartyKit: {
    title: 'Yjs, y-partykit',
    start: () => startPartyKit('bench/peers/src/rooms/y-partykit.ts'),
  },
  socketIo: {
    title: 'Socket.IO, SQLite log, exactly once',
    start: startSocketIo,
  },
  socketIoAtMostOnce: {
    title: 'Socket.IO, SQLite log, no retries',
    start: startSocketIo,
  },
} satisfies {[name: string]: Peer};

export type PeerName = keyof typeof PEERS;
