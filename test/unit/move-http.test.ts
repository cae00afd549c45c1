/** How deployments ask each other for rooms, and lead to each other. */
import type * as Party from 'partykit/server';
import {
  forwardTo,
  TinyBasePartyKitServer,
  type TinyBasePartyKitServerConfig,
} from 'tinybase-partykit/server';
import {afterEach, describe, expect, test, vi} from 'vitest';
import {getArchiveUrl} from '../../src/server/move/archive-request.js';
import {parseArchiveLine} from '../../src/server/move/archive-lines.js';
import {readLines} from '../../src/server/move/read-lines.js';
import {createMemoryStorage} from '../support/memory-storage.js';

const SECRET = '0123456789abcdef0123456789abcdef';
const ROOM = 'http://old/parties/main/room';

afterEach(() => vi.unstubAllGlobals());

describe('forwardTo', () => {
  const forward = async (path: string, init?: RequestInit) => {
    const asked: Request[] = [];
    vi.stubGlobal('fetch', async (request: Request) => {
      asked.push(request);
      return new Response('there');
    });
    const request = new Request(`http://old${path}`, init);
    const answer = await forwardTo('https://new/parties/rooms/')(request);
    return {request, answer, asked};
  };

  test.each([
    ['/parties/main/a%20room', 'https://new/parties/rooms/a%20room'],
    ['/party/room/store?at=1', 'https://new/parties/rooms/room/store?at=1'],
    [
      '/parties/main/room?room-archive',
      'https://new/parties/rooms/room?room-archive',
    ],
    ['//parties//main//room/store', 'https://new/parties/rooms/room/store'],
  ])('leads who comes to %s on', async (path, url) => {
    const {answer, asked} = await forward(path, {headers: {'x-token': 't'}});
    expect(await (answer as Response).text()).toBe('there');
    expect(asked.map((request) => request.url)).toEqual([url]);
    expect(asked[0]!.headers.get('x-token')).toBe('t');
  });

  test.each(['POST', 'DELETE'])(
    'lets who fetches an archive by %s through',
    async (method) => {
      const path = '/parties/main/room?room-archive';
      const {answer, request, asked} = await forward(path, {method});
      expect(answer).toBe(request);
      expect(asked).toEqual([]);
    },
  );

  test('lets nobody connect as if to fetch one', async () => {
    const {asked} = await forward('/parties/main/room?room-archive', {
      method: 'POST',
      headers: {Upgrade: 'websocket'},
    });
    expect(asked).toHaveLength(1);
  });

  test('lets nobody past it whom it cannot lead on', async () => {
    const {answer} = await forward('/rooms/main/room/store');
    expect((answer as Response).status).toBe(404);
  });

  test('answers 503 where the new one is not there', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('no network')));
    const request = new Request(ROOM);
    const answer = await forwardTo('https://new/parties/main')(request);
    expect((answer as Response).status).toBe(503);
  });

  test.each(['', 'new.example', 'ftp://new', 'https://new/?query'])(
    'refuses %j, and says what it wants',
    (url) => {
      expect(() => forwardTo(url)).toThrow(/such as https:/);
    },
  );
});

describe('a config', () => {
  const send = (config: TinyBasePartyKitServerConfig, request: Request) => {
    const storage = createMemoryStorage();
    const party = {id: 'room', env: {}, storage, getConnections: () => []};
    class Room extends TinyBasePartyKitServer {
      override readonly config = config;
    }
    const room = new Room(party as unknown as Party.Room);
    return room.onRequest(request as unknown as Party.Request);
  };
  const askStore = (config: TinyBasePartyKitServerConfig) =>
    send(config, new Request(`${ROOM}/store`));
  const ask = (
    config: TinyBasePartyKitServerConfig,
    authorization = `Bearer ${SECRET}`,
  ) =>
    send(
      config,
      new Request(`${ROOM}?room-archive`, {
        method: 'POST',
        headers: {Authorization: authorization},
      }),
    );

  test.each([
    [{move: {secret: ''}}, /config\.move\.secret is missing/],
    [{move: {secret: 'short'}}, /has 5 characters, and needs 32.*openssl/],
    [{move: {secret: `${SECRET} ü`}}, /that a header cannot hold/],
    [
      {moveFrom: {url: 'old', secret: SECRET}},
      /config\.moveFrom\.url is no URL of rooms/,
    ],
    [{moveFrom: {url: ROOM, secret: 'x'}}, /config\.moveFrom\.secret has 1/],
  ])('%j is refused, with the remedy', async (config, message) => {
    const error = await askStore(config).catch((caught: Error) => caught);
    expect(String((error as Error).cause)).toMatch(message);
  });

  test('without a secret gives nothing away', async () => {
    expect((await ask({})).status).toBe(404);
  });

  test.each(['', 'Bearer', `Bearer ${SECRET}0`, `bearer ${SECRET}`, SECRET])(
    'gives nothing to who says %j',
    async (authorization) => {
      const response = await ask({move: {secret: SECRET}}, authorization);
      expect(response.status).toBe(401);
    },
  );

  test('gives to who has the secret', async () => {
    const response = await ask({move: {secret: SECRET}});
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect((await response.text()).trimEnd().split('\n')).toEqual([
      expect.stringContaining('"epoch":""'),
      '{"count":0}',
    ]);
  });

  test.each([
    ['no network', () => Promise.reject(new TypeError('no network'))],
    ['a page', async () => new Response('<html>')],
    ['a refusal', async () => new Response('no', {status: 401})],
    [
      'a redirect',
      async () => new Response(null, {status: 302, headers: {Location: '/'}}),
    ],
  ])('answers 503 where there is %s, with how to go on', async (_, fetch) => {
    vi.stubGlobal('fetch', fetch);
    const log = vi.spyOn(console, 'error').mockReturnValue();
    const from = {url: 'http://old/parties/main', secret: SECRET};
    const response = await askStore({moveFrom: from});
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('2');
    expect(await response.json()).toMatchObject({status: 503});
    // Why is for those to know whose deployment it is.
    expect(log).toHaveBeenCalledOnce();
    log.mockRestore();
  });
});

describe('the URL of an archive', () => {
  const getPath = (id: string) =>
    new URL(getArchiveUrl('http://old/parties/main', id)).pathname;

  test.each([
    ['a%20room%2f..', 'a%20room%2f..'],
    ['..%2f..', '..%2f..'],
    ['a/b?c#d', 'a%2Fb%3Fc%23d'],
    ['a\\..\\b', 'a%5C..%5Cb'],
    ['a\tb\n', 'a%09b%0A'],
  ])('is that of the room %j alone', (id, name) => {
    expect(getPath(id)).toBe(`/parties/main/${name}`);
  });

  test.each(['.', '..', '%2e', '.%2E'])('is none for %j', (id) => {
    expect(() => getPath(id)).toThrow('No URL leads');
  });
});

describe('the lines of an archive', () => {
  const read = async (chunks: string[], timeoutMs = 1_000) => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        const bytes = new TextEncoder().encode(chunks.join(''));
        const step = bytes.length > 1_000 ? 1_000 : 1;
        for (let start = 0; start < bytes.length; start += step) {
          controller.enqueue(bytes.slice(start, start + step));
        }
        if (timeoutMs > 10) {
          controller.close();
        }
      },
    });
    const lines: string[] = [];
    for await (const line of readLines(body, timeoutMs)) {
      lines.push(line);
    }
    return lines;
  };

  test('come whole, however they are cut', async () => {
    expect(await read(['ü1\n', '\n2\nnot all of'])).toEqual(['ü1', '', '2']);
  });

  test('are given up where none comes', async () => {
    await expect(read(['1\n'], 5)).rejects.toThrow('Nothing came for 5 ms');
  });

  test('are given up where one has no end', async () => {
    await expect(read(['x'.repeat(1_000_001)])).rejects.toThrow('longer than');
  });

  test.each([
    '["__ps_name","x"]',
    '["move",{}]',
    '["alarm",{}]',
    '["l:1","x"]',
    '["head",null]',
    '["head"]',
    '{}',
    'null',
    '',
  ])('%s is none', (line) => {
    expect(() => parseArchiveLine(line)).toThrow('none of its format');
  });
});
