import {createStore} from 'tinybase';
import {describe, expect, test} from 'vitest';
import {MAX_CONTENT_LENGTH} from '../../src/protocol/limits.js';
import {respondToStoreRequest} from '../../src/server/store-http.js';
import {
  createMemoryRoom,
  type MemoryRoomOptions,
} from '../support/memory-room.js';

const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': '*',
  'Access-Control-Allow-Headers': '*',
};

const createServer = (
  options: MemoryRoomOptions = {},
  appHeaders: HeadersInit | undefined = CORS,
) => {
  const room = createMemoryRoom(options);
  const request = (
    method: string,
    body?: string,
    headers: Record<string, string> = {},
  ): Promise<Response> =>
    respondToStoreRequest(
      room.room,
      new Request('http://localhost/store', {method, body, headers}),
      {responseHeaders: appHeaders},
    );
  return {
    room,
    request,
    put: (content: unknown) => request('PUT', JSON.stringify(content)),
  };
};

describe('GET', () => {
  test('H1: is empty where the room has no Store', async () => {
    const {request} = createServer();
    const response = await request('GET');
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(response.headers.get('ETag')).toBe('".0"');
  });

  test('H1: gives the content and its position', async () => {
    const {room, request, put} = createServer();
    await put([{t: {r: {c: [1]}}}, {v: 1}]);
    const response = await request('GET');
    expect(response.status).toBe(200);
    expect(response.headers.get('ETag')).toBe('"epoch1.1"');
    expect(response.headers.get('Content-Type')).toMatch(/^application\/json/);
    expect(await response.json()).toEqual([{t: {r: {c: '\uFFFD[1]'}}}, {v: 1}]);
    await room.room.apply([{}, {v: 2}, 1]);
    expect((await request('GET')).headers.get('ETag')).toBe('"epoch1.2"');
  });

  test.each([
    ['the same', '"epoch1.1"', 304],
    ['one of several', '"other", "epoch1.1"', 304],
    ['a weak one', 'W/"epoch1.1"', 304],
    ['anything', '*', 304],
    ['an older one', '"epoch1.0"', 200],
    ['one of another epoch', '"epoch2.1"', 200],
  ])('H1: If-None-Match with %s', async (_, tag, status) => {
    const {request, put} = createServer();
    await put([{}, {v: 1}]);
    const response = await request('GET', undefined, {'If-None-Match': tag});
    expect(response.status).toBe(status);
    expect(response.headers.get('ETag')).toBe('"epoch1.1"');
    expect(await response.text()).toBe(status == 304 ? '' : '[{},{"v":1}]');
  });

  test('H1: HEAD is the same without a body', async () => {
    const {request, put} = createServer();
    await put([{}, {v: 1}]);
    const [head, get] = [await request('HEAD'), await request('GET')];
    expect(head.status).toBe(200);
    expect([...head.headers]).toEqual([...get.headers]);
    expect(await head.text()).toBe('');
  });

  test('H1: gives what has been stored after the room has slept', async () => {
    const {room, request, put} = createServer();
    await put([{}, {v: 1}]);
    const connection = room.connect();
    await connection.greet({epoch: 'epoch1', offset: 1});
    await connection.push(1, {}, {w: 1});
    room.restart();
    const response = await request('GET');
    expect(response.headers.get('ETag')).toBe('"epoch1.2"');
    expect(await response.json()).toEqual([{}, {v: 1, w: 1}]);
  });
});

describe('PUT', () => {
  test('H2: stores the content of a room that has none', async () => {
    const {request, put} = createServer();
    const response = await put([{t: {r: {c: 1}}}, {}]);
    expect([response.status, response.headers.get('ETag')]).toEqual([
      201,
      '"epoch1.1"',
    ]);
    expect(await (await request('GET')).json()).toEqual([{t: {r: {c: 1}}}, {}]);
  });

  test('H2: stores empty content, too', async () => {
    const {request, put} = createServer();
    expect((await put([{}, {}])).status).toBe(201);
    expect(await (await request('GET')).text()).toBe('[{},{}]');
  });

  test('H2: leaves a Store as it is', async () => {
    const {request, put} = createServer();
    await put([{}, {v: 1}]);
    const response = await put([{}, {v: 2}]);
    expect([response.status, await response.text()]).toEqual([205, '']);
    expect(response.headers.get('ETag')).toBe(null);
    expect(await (await request('GET')).json()).toEqual([{}, {v: 1}]);
  });

  test('H2: is one Store of many at once', async () => {
    const {put} = createServer();
    const responses = await Promise.all([1, 2, 3].map((v) => put([{}, {v}])));
    expect(responses.map(({status}) => status)).toEqual([201, 205, 205]);
  });

  test('H2: has no ETag where hooks have kept something out', async () => {
    const {request, put} = createServer({
      hooks: {canSetValue: (valueId) => valueId != 'refused'},
    });
    const response = await put([{}, {v: 1, refused: 1}]);
    expect(response.status).toBe(201);
    expect(response.headers.get('ETag')).toBe(null);
    expect(await (await request('GET')).json()).toEqual([{}, {v: 1}]);
  });

  test('H2: has no ETag where a schema has changed something', async () => {
    const {put} = createServer({
      createStore: () =>
        createStore().setValuesSchema({
          v: {type: 'number'},
          w: {type: 'number', default: 1},
        }),
    });
    const response = await put([{}, {v: 1}]);
    expect([response.status, response.headers.get('ETag')]).toEqual([
      201,
      null,
    ]);
  });

  test('H2: has an ETag where a schema lets it be', async () => {
    const {put} = createServer({
      createStore: () => createStore().setValuesSchema({v: {type: 'number'}}),
    });
    const response = await put([{}, {v: 1}]);
    expect(response.headers.get('ETag')).toBe('"epoch1.1"');
  });

  test("H2, K3: keeps what the room's code writes meanwhile", async () => {
    let write = () => {};
    const room = createMemoryRoom({
      hooks: {
        canSetValue: async () => {
          await Promise.resolve();
          write();
          return true;
        },
      },
    });
    const client = room.connect('a');
    await client.greet();
    await room.room.load();
    write = () => {
      room.room.store!.setValues({v: 'own', own: 1});
      room.room.store!.delValue('gone');
    };
    expect(
      await room.room.putContent([{t: {r: {c: 1}}}, {v: 1, w: 1}], null),
    ).toEqual({existed: false});
    const content = [{t: {r: {c: 1}}}, {v: 'own', own: 1, w: 1}];
    expect(await room.getContent()).toEqual(content);
    room.restart();
    expect(await room.getContent()).toEqual(content);
  });

  test('H3: makes no Store where hooks refuse everything', async () => {
    const {request, put} = createServer({
      hooks: {canSetValue: (...[, value]) => value == 'fine'},
    });
    const response = await put([{}, {v: 1}]);
    expect([response.status, response.headers.get('ETag')]).toEqual([
      201,
      null,
    ]);
    expect(await (await request('GET')).text()).toBe('');
    expect((await put([{}, {v: 'fine'}])).headers.get('ETag')).toBe(
      '"epoch1.1"',
    );
  });

  test('asks the hooks as an initial save, with the request', async () => {
    const seen: any[] = [];
    const {put} = createServer({
      hooks: {
        canSetTable: (...args) => !!seen.push(args),
        canSetValue: (...args) => !!seen.push(args),
      },
    });
    await put([{t: {r: {c: 1}}}, {v: [1]}]);
    expect(seen).toEqual([
      ['t', true, expect.any(Request)],
      ['v', [1], true, expect.any(Request), undefined],
    ]);
  });

  test.each([
    ['nothing', ''],
    ['no JSON', '[{},{}'],
    ['no list', '{}'],
    ['changes', '[{},{},1]'],
    ['a Table that is none', '[{"t":1},{}]'],
    ['a deletion', '[{},{"v":"\uFFFC"}]'],
  ])('H4: is 400 with %s', async (_, body) => {
    const {request} = createServer();
    const response = await request('PUT', body);
    expect(response.status).toBe(400);
    expect(response.headers.get('Content-Type')).toBe(
      'application/problem+json',
    );
    expect(await response.json()).toMatchObject({
      status: 400,
      title: expect.any(String),
      detail: expect.stringMatching(/\w{4,}/),
    });
    expect(await (await request('GET')).text()).toBe('');
  });

  test('H4: is 413 with too much', async () => {
    const {request} = createServer();
    const response = await request(
      'PUT',
      `[{},{"v":"${'x'.repeat(MAX_CONTENT_LENGTH)}"}]`,
    );
    expect(response.status).toBe(413);
    expect(response.headers.get('Content-Type')).toBe(
      'application/problem+json',
    );
    expect(await response.json()).toMatchObject({status: 413});
  });
});

describe('other methods', () => {
  test.each(['POST', 'PATCH', 'DELETE'])('H4: %s is 405', async (method) => {
    const {request} = createServer();
    const response = await request(method);
    expect(response.status).toBe(405);
    expect(response.headers.get('Allow')).toBe('GET, HEAD, PUT, OPTIONS');
    expect(response.headers.get('Content-Type')).toBe(
      'application/problem+json',
    );
  });

  test('H5: OPTIONS is 204, and lets a browser PUT', async () => {
    const {request} = createServer();
    const {status, headers} = await request('OPTIONS');
    expect(status).toBe(204);
    expect(headers.get('Access-Control-Allow-Origin')).toBe('*');
    expect(headers.get('Access-Control-Allow-Methods')).toMatch(/^\*$|PUT/);
    // The asterisk stands for all headers but this one.
    expect(headers.get('Access-Control-Allow-Headers')).toMatch(
      /^\*, ?Authorization$/,
    );
  });
});

describe('headers', () => {
  const METHODS: [string, string?][] = [
    ['GET'],
    ['HEAD'],
    ['OPTIONS'],
    ['PUT', '[{},{}]'],
    ['PUT', '[{},{}]'],
    ['PUT', 'x'],
    ['DELETE'],
  ];

  test('H5: are those of the app on every response', async () => {
    const {request} = createServer({}, {'X-App': 'mine'});
    for (const [method, body] of METHODS) {
      const {headers} = await request(method, body);
      expect(headers.get('X-App')).toBe('mine');
      expect(headers.get('Access-Control-Allow-Origin')).toBe(null);
      expect(headers.get('Access-Control-Expose-Headers')).toBe('ETag');
    }
  });

  test('H5: let a browser read the ETag', async () => {
    const {request} = createServer();
    for (const [method, body] of METHODS) {
      const {headers} = await request(method, body);
      expect(headers.get('Access-Control-Allow-Origin')).toBe('*');
      expect(headers.get('Access-Control-Expose-Headers')).toBe('ETag');
    }
  });

  test('H5: of the app get what a browser needs to read the ETag', async () => {
    for (const [exposed, expected] of [
      ['X-App', 'X-App, ETag'],
      ['*', '*'],
    ] as const) {
      const {request} = createServer(
        {},
        {'Access-Control-Expose-Headers': exposed},
      );
      const {headers} = await request('GET');
      expect(headers.get('Access-Control-Expose-Headers')).toBe(expected);
    }
  });

  test('H5: of the app are not overwritten', async () => {
    const {request} = createServer({}, [
      ['Access-Control-Allow-Origin', 'https://app.example'],
      ['Access-Control-Allow-Methods', 'GET, PUT'],
      ['Access-Control-Allow-Headers', 'Authorization'],
      ['Access-Control-Expose-Headers', 'X-App, eTag'],
      ['Cache-Control', 'no-store'],
    ]);
    const {headers} = await request('OPTIONS');
    expect(headers.get('Access-Control-Allow-Origin')).toBe(
      'https://app.example',
    );
    expect(headers.get('Access-Control-Allow-Methods')).toBe('GET, PUT');
    expect(headers.get('Access-Control-Allow-Headers')).toBe('Authorization');
    expect(headers.get('Access-Control-Expose-Headers')).toBe('X-App, eTag');
    expect((await request('GET')).headers.get('Cache-Control')).toBe(
      'no-store',
    );
  });
});
