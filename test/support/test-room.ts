/** A `partykit dev` with the rooms of both halves, and one room of it. */
import {fileURLToPath} from 'node:url';
import type {Content} from 'tinybase';
import type {StorageCounts} from '../rooms/observed-room.js';
import {canonicalize, decodeContent} from './content.js';
import {
  startPartyKitDev,
  type PartyKitDev,
  type PartyKitDevOptions,
} from './partykit-dev.js';

/** Whose code it is that a client or a room runs. */
export type Half = 'ours' | 'tinybase';

export const HALVES: readonly Half[] = ['ours', 'tinybase'];

const ROOMS = fileURLToPath(new URL('../rooms', import.meta.url));

/** Starts the rooms of both halves, each a party, with and without rules. */
export const startTestRooms = (
  options: Partial<PartyKitDevOptions> = {},
): Promise<PartyKitDev> =>
  startPartyKitDev({
    main: 'test/rooms/echo.ts',
    config: {
      parties: {
        ours: `${ROOMS}/ours.ts`,
        oursruled: `${ROOMS}/ours-ruled.ts`,
        bare: `${ROOMS}/bare.ts`,
        limited: `${ROOMS}/limited.ts`,
        history: `${ROOMS}/history-room.ts`,
        tinybase: `${ROOMS}/tinybase.ts`,
        tinybaseruled: `${ROOMS}/tinybase-ruled.ts`,
      },
    },
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
  /** All keys of its storage. */
  getStorage(): Promise<Map<string, unknown>>;
  putStorage(entries: Record<string, unknown>): Promise<void>;
  /** An id of the instance in memory: another one after it has slept. */
  getInstance(): Promise<string>;
  /** The operations on its storage since this was called last. */
  takeStorageCounts(): Promise<StorageCounts>;
}

let lastRoom = 0;

export const createTestRoom = (
  dev: Pick<PartyKitDev, 'host'>,
  half: Half,
  {ruled = false, query = '', ...options}: TestRoomOptions = {},
): TestRoom => {
  const {host} = dev;
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
    getStorage: async () => new Map(JSON.parse(await demand('/debug/storage'))),
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
