/** A server with the rooms of both halves, and one room of it. */
import type {Content} from 'tinybase';
import type {StorageCounts} from '../rooms/observed-room.js';
import {canonicalize, decodeContent} from './content.js';
import {isPartyKit} from './platform.js';
import {
  startRoomServer,
  type RoomServer,
  type RoomServerOptions,
} from './room-server.js';

/** Whose code it is that a client or a room runs. */
export type Half = 'ours' | 'tinybase';

/** Those whose rooms run on this platform. */
export const HALVES: readonly Half[] = isPartyKit
  ? ['ours', 'tinybase']
  : ['ours'];

/** The files of each half's rooms, with and without rules. */
const ROOMS: Record<Half, Record<string, string>> = {
  ours: {
    ours: 'test/rooms/ours.ts',
    oursruled: 'test/rooms/ours-ruled.ts',
    bare: 'test/rooms/bare.ts',
    limited: 'test/rooms/limited.ts',
    history: 'test/rooms/history-room.ts',
  },
  tinybase: {
    tinybase: 'test/rooms/tinybase.ts',
    tinybaseruled: 'test/rooms/tinybase-ruled.ts',
  },
};

/** Starts the rooms of both halves, each a party. */
export const startTestRooms = (
  options: Partial<RoomServerOptions> = {},
): Promise<RoomServer> =>
  startRoomServer({
    main: ROOMS.ours['bare']!,
    parties: Object.assign({}, ...HALVES.map((half) => ROOMS[half])),
    ...options,
  });

export interface TestRoomOptions {
  /** Whether the room has the rules of `rooms/ruled-room.ts`. */
  ruled?: boolean;
  /** A name of its own unless told; `private-…` wants a token. */
  name?: string;
  /** The party, where it is not the half's own. */
  party?: string;
  /** A query for the test's own requests, such as `?token=secret`. */
  query?: string;
}

export interface TestRoom {
  readonly half: Half;
  readonly host: string;
  readonly party: string;
  readonly name: string;
  /** `http://HOST/parties/PARTY/ROOM` */
  readonly url: string;
  request(path: string, init?: RequestInit): Promise<Response>;
  /** What `GET` of the Store says, decoded; undefined where it has none. */
  getContent(): Promise<Content | undefined>;
  /** What `loadStoreFromStorage` says, decoded. */
  loadContent(): Promise<Content>;
  /** Creates its Store by `PUT`. */
  putContent(content: Content): Promise<void>;
  /** Changes it by `PATCH`, where the room takes that. */
  patch(changes: unknown): Promise<void>;
  /** All keys of its storage, but the platform's own. */
  getStorage(): Promise<Map<string, unknown>>;
  putStorage(entries: Record<string, unknown>): Promise<void>;
  /** An id of the instance in memory: another one after it has slept. */
  getInstance(): Promise<string>;
  /** The operations on its storage since this was called last. */
  takeStorageCounts(): Promise<StorageCounts>;
}

/** Where partyserver keeps the name of a room, of any. */
const PLATFORM_KEY = '__ps_name';

let lastRoom = 0;

export const createTestRoom = (
  server: Pick<RoomServer, 'host'>,
  half: Half,
  {ruled = false, query = '', ...options}: TestRoomOptions = {},
): TestRoom => {
  const {host} = server;
  const name = options.name ?? `room-${++lastRoom}`;
  const party = options.party ?? half + (ruled ? 'ruled' : '');
  const url = `http://${host}/parties/${party}/${name}`;

  const request = (path: string, init?: RequestInit): Promise<Response> =>
    fetch(url + path + query, init);

  const demand = async (path: string, init?: RequestInit): Promise<string> => {
    const response = await request(path, init);
    const text = await response.text();
    if (!response.ok) {
      throw new Error(`${path} of ${url}: ${response.status} ${text}`);
    }
    return text;
  };

  return {
    half,
    host,
    party,
    name,
    url,
    request,
    getContent: async () => {
      const text = await demand('/store');
      return text ? decodeContent(JSON.parse(text)) : undefined;
    },
    loadContent: async () =>
      decodeContent(JSON.parse(await demand('/debug/content'))),
    putContent: async (content) => {
      await demand('/store', {method: 'PUT', body: canonicalize(content)});
    },
    patch: async (changes) => {
      const body = JSON.stringify(changes);
      await demand('/store', {method: 'PATCH', body});
    },
    getStorage: async () => {
      const stored = JSON.parse(await demand('/debug/storage'));
      return new Map(
        (stored as [string, unknown][]).filter(([key]) => key != PLATFORM_KEY),
      );
    },
    putStorage: async (entries) => {
      await demand('/debug/put', {
        method: 'POST',
        body: JSON.stringify(entries),
      });
    },
    getInstance: async () => JSON.parse(await demand('/debug/instance')),
    takeStorageCounts: async () => JSON.parse(await demand('/debug/counts')),
  };
};
