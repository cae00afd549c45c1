import type {Connection, Party} from 'partykit/server';
import {createMergeableStore, createStore} from 'tinybase';
import {
  broadcastChanges,
  TinyBasePartyKitServer,
  type TinyBasePartyKitServerConfig,
} from 'tinybase-partykit/server';
import {describe, expect, test} from 'vitest';
import {createFakeParty, type FakeConnection} from '../support/fake-party.js';

const push = (values: object, tables: object = {}): string =>
  `s${JSON.stringify([tables, values, 1])}`;

const getContent = async ({
  request,
}: ReturnType<typeof createFakeParty>): Promise<any> => {
  const text = await (await request('GET', '/store')).text();
  return text && JSON.parse(text);
};

const getChanges = ({received}: FakeConnection): unknown[] =>
  received
    .filter((frame) => frame.startsWith('s'))
    .map((frame) => JSON.parse(frame.slice(1)));

describe('a server', () => {
  test('knows its party, and has the defaults of TinyBase', () => {
    const {server, party} = createFakeParty(TinyBasePartyKitServer);
    expect(server.party).toBe(party);
    expect(server.options).toEqual({hibernate: true});
    expect(server.config).toEqual({
      storePath: '/store',
      messagePrefix: '',
      storagePrefix: '',
      responseHeaders: {
        'Access-Control-Allow-Origin': '*',
        'Access-Control-Allow-Methods': '*',
        'Access-Control-Allow-Headers': '*',
      },
    });
  });

  test('serves the content at its path, and nothing elsewhere', async () => {
    const party = createFakeParty(TinyBasePartyKitServer);
    expect((await party.request('PUT', '/store', '[{},{"v":1}]')).status).toBe(
      201,
    );
    expect(await getContent(party)).toEqual([{}, {v: 1}]);
    for (const path of ['', '/', '/store/', '/stores', '/other']) {
      const response = await party.request('GET', path);
      expect(response.status).toBe(404);
      expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*');
    }
  });

  test('takes messages, and leaves those of the app alone', async () => {
    const party = createFakeParty(TinyBasePartyKitServer);
    const {connection} = party.connect();
    await party.server.onMessage(push({v: 1}), connection);
    await party.server.onMessage('hello', connection);
    await party.server.onMessage(new ArrayBuffer(3), connection);
    expect(await getContent(party)).toEqual([{}, {v: 1}]);
  });

  test('survives connections that have gone', async () => {
    const party = createFakeParty(TinyBasePartyKitServer);
    const [a, b] = [party.connect(), party.connect()];
    a.connection.send = () => {
      throw new Error('The socket is closed');
    };
    a.connection.close = a.connection.send as any;
    await party.server.onMessage(push({v: 1}), a.connection);
    await party.server.onMessage('h[2,"c","m","",0]', a.connection);
    expect(getChanges(b)).toEqual([[{}, {v: 1}, 1]]);
  });
});

describe('the config of a server', () => {
  test('may be set when it was made', async () => {
    const party = createFakeParty(TinyBasePartyKitServer);
    Object.assign(party.server.config, {
      storePath: '/my/store',
      messagePrefix: 'tb/',
      storagePrefix: 'room/',
      responseHeaders: {'X-App': 'mine'},
    });
    const {connection} = party.connect();
    await party.server.onMessage(push({v: 1}), connection);
    expect(party.storage.getEntries()).toEqual([]);
    await party.server.onMessage('tb/' + push({v: 1}), connection);
    const response = await party.request('GET', '/my/store');
    expect(await response.json()).toEqual([{}, {v: 1}]);
    expect(response.headers.get('X-App')).toBe('mine');
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe(null);
    party.storage
      .getEntries()
      .forEach(([key]) => expect(key).toMatch(/^room\/#tbpk:/));
  });

  test('may be a field of the class, the rest being the defaults', async () => {
    class MyServer extends TinyBasePartyKitServer {
      override readonly config: TinyBasePartyKitServerConfig = {
        messagePrefix: 'tb/',
      };
    }
    const party = createFakeParty(MyServer);
    const {connection} = party.connect();
    await party.server.onMessage('tb/' + push({v: 1}), connection);
    const response = await party.request('GET', '/store');
    expect(await response.json()).toEqual([{}, {v: 1}]);
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*');
    const other = await party.request('GET', '/other');
    expect(other.headers.get('Access-Control-Allow-Origin')).toBe('*');
  });
});

describe('what a server offers to who only reads', () => {
  const createParty = async (config: TinyBasePartyKitServerConfig) => {
    const party = createFakeParty(
      class extends TinyBasePartyKitServer {
        override readonly config = config;
      },
    );
    await party.request('PUT', '/store', '[{},{"v":1}]');
    const get = (query = '', accept = '*/*') =>
      party.fetch(`http://localhost/parties/main/room/store${query}`, {
        headers: {Accept: accept},
      });
    return {get};
  };

  test('V9: is a live feed, unless its config says otherwise', async () => {
    for (const [config, status] of [
      [{}, 200],
      [{feed: true}, 200],
      [{feed: false}, 406],
    ] as const) {
      const {get} = await createParty(config);
      const response = await get('', 'text/event-stream');
      expect(response.status).toBe(status);
      await response.body!.cancel();
    }
  });

  test('V10: is its history, unless its config says otherwise', async () => {
    const without = await createParty({});
    expect(await (await without.get('?since=1')).json()).toEqual([]);
    const with0 = await createParty({historyLimit: 0});
    expect(await (await with0.get('?since=1')).json()).toEqual([{}, {v: 1}]);
    const wrong = createParty({historyLimit: -1});
    await expect(wrong).rejects.toThrow();
  });
});

describe('hooks of a server', () => {
  test('P4: are methods of the class', async () => {
    class MyServer extends TinyBasePartyKitServer {
      override async canSetValue(valueId: string): Promise<boolean> {
        return valueId != 'refused';
      }
    }
    const party = createFakeParty(MyServer);
    const {connection} = party.connect();
    await party.server.onMessage(push({v: 1, refused: 1}), connection);
    expect(await getContent(party)).toEqual([{}, {v: 1}]);
  });

  test('P4: may be set on the instance, at any time', async () => {
    const party = createFakeParty(TinyBasePartyKitServer);
    const {connection} = party.connect();
    await party.server.onMessage(push({a: 1}), connection);
    const asked: unknown[] = [];
    party.server.canSetValue = async (...args) => {
      asked.push(args);
      return false;
    };
    await party.server.onMessage(push({a: 2}), connection);
    expect(await getContent(party)).toEqual([{}, {a: 1}]);
    expect(asked).toEqual([['a', 2, false, connection, 1]]);
  });

  test('P4: see the server as this, and say yes by default', async () => {
    class MyServer extends TinyBasePartyKitServer {
      limit = 5;
      override canSetValue(...args: [any, any, any, any, any]) {
        return args[1] < this.limit && super.canSetValue(...args);
      }
    }
    const party = createFakeParty(MyServer);
    const {connection} = party.connect();
    await party.server.onMessage(push({a: 4, b: 6}), connection);
    expect(await getContent(party)).toEqual([{}, {a: 4}]);
    const {server} = party;
    const [t, r, c] = ['t', 'r', 'c'];
    expect(
      await Promise.all([
        server.canSetTable(t, true, connection),
        server.canDelTable(t, connection),
        server.canSetRow(t, r, true, connection),
        server.canDelRow(t, r, connection),
        server.canSetCell(t, r, c, 1, true, connection, undefined),
        server.canDelCell(t, r, c, connection),
        server.canDelValue('v', connection),
      ]),
    ).toEqual(Array.from({length: 7}, () => true));
  });
});

describe('handlers of an app', () => {
  class MyServer extends TinyBasePartyKitServer {
    seen: string[] = [];

    note(name: string): void {
      this.seen.push(`${name} ${this.getStore().getValue('v') as string}`);
    }

    async onStart(): Promise<void> {
      this.note('start');
    }

    async onConnect(connection: Connection): Promise<void> {
      this.note(`connect ${connection.id}`);
      this.getStore().setValue('joined', connection.id);
    }

    override async onRequest(request: any): Promise<Response> {
      this.note('request');
      return request.url.endsWith('/mine')
        ? new Response('mine')
        : await super.onRequest(request);
    }

    override async onMessage(message: any, connection: Connection) {
      this.note('message');
      await super.onMessage(message, connection);
    }

    async onAlarm(): Promise<void> {
      this.note('alarm');
    }
  }

  test('read and write the live Store, whichever comes first', async () => {
    for (const first of ['onStart', 'onConnect', 'onAlarm', 'onRequest']) {
      const party = createFakeParty(MyServer);
      await party.request('PUT', '/store', '[{},{"v":1}]');
      party.wake();
      const {connection} = party.connect('somebody');
      if (first == 'onRequest') {
        expect(await (await party.request('GET', '/mine')).text()).toBe('mine');
      } else {
        await (party.server as any)[first](connection);
      }
      expect(party.server.seen[0]).toMatch(/^\w+( somebody)? 1$/);
    }
  });

  test('K3: what they write is stored and told', async () => {
    const party = createFakeParty(MyServer);
    const {connection, received} = party.connect('somebody');
    await party.server.onStart();
    await party.server.onConnect(connection);
    expect(await getContent(party)).toEqual([{}, {joined: 'somebody'}]);
    expect(getChanges({received} as any)).toEqual([
      [{}, {joined: 'somebody'}, 1],
    ]);
    party.wake();
    expect(await getContent(party)).toEqual([{}, {joined: 'somebody'}]);
  });

  test('leave requests and messages to the class where they call it', async () => {
    const party = createFakeParty(MyServer);
    const {connection} = party.connect();
    await party.server.onMessage(push({v: 1}), connection);
    expect(await getContent(party)).toEqual([{}, {v: 1}]);
    expect(party.server.seen).toEqual(['message undefined', 'request 1']);
  });

  test('find no Store before it is loaded, and are told so', () => {
    expect(() =>
      createFakeParty(TinyBasePartyKitServer).server.getStore(),
    ).toThrow(/not loaded yet: .*onStart/);
    class EagerServer extends TinyBasePartyKitServer {
      constructor(party: Party) {
        super(party);
        this.getStore();
      }
    }
    expect(() => createFakeParty(EagerServer)).toThrow(/not loaded yet/);
  });
});

describe('createStore', () => {
  test('P4: gives the room a schema, which it enforces', async () => {
    class MyServer extends TinyBasePartyKitServer {
      override createStore() {
        return createStore().setValuesSchema({
          v: {type: 'number', default: 7},
        });
      }
    }
    const party = createFakeParty(MyServer);
    await party.request('PUT', '/store', '[{},{}]');
    const a = party.connect();
    await party.server.onMessage(push({v: 'text', w: 1}), a.connection);
    expect(await getContent(party)).toEqual([{}, {v: 7}]);
    expect(getChanges(a).at(-1)).toMatchObject([{}, {v: 7, w: '\uFFFC'}, 1]);
  });

  test('is told not to give a MergeableStore', async () => {
    class MyServer extends TinyBasePartyKitServer {
      override createStore(): any {
        return createMergeableStore();
      }
    }
    const party = createFakeParty(MyServer);
    const {connection} = party.connect();
    await expect(
      party.server.onMessage(push({v: 1}), connection),
    ).rejects.toThrow(/MergeableStore.*regular Store/);
    expect(party.storage.getEntries()).toEqual([]);
  });
});

describe('broadcastChanges', () => {
  test('K3: stores and tells changes as a Store gives them', async () => {
    const party = createFakeParty(TinyBasePartyKitServer);
    await party.request('PUT', '/store', '[{"t":{"r":{"c":1,"d":1}}},{"v":1}]');
    const a = party.connect();
    await broadcastChanges(party.server, [
      {t: {r: {c: {a: [1]}, d: undefined}}},
      {v: undefined, w: null},
      1,
    ]);
    const content = [{t: {r: {c: '\uFFFD{"a":[1]}'}}}, {w: null}];
    expect(await getContent(party)).toEqual(content);
    expect(getChanges(a)).toEqual([
      [
        {t: {r: {c: '\uFFFD{"a":[1]}', d: '\uFFFC'}}},
        {v: '\uFFFC', w: null},
        1,
      ],
    ]);
    party.wake();
    expect(await getContent(party)).toEqual(content);
  });

  test('spares the connections that show it already', async () => {
    const party = createFakeParty(TinyBasePartyKitServer);
    const [a, b] = [party.connect('a'), party.connect('b')];
    await broadcastChanges(party.server, [{}, {v: 1}, 1], ['a']);
    expect([getChanges(a), getChanges(b)]).toEqual([[], [[{}, {v: 1}, 1]]]);
  });

  test.each<[string, any]>([
    ['nothing', undefined],
    ['content', [{}, {}]],
    ['a Table that is none', [{t: 1}, {}, 1]],
    ['a function', [{}, {v: () => {}}, 2]],
  ])('throws what is wrong with %s', async (_, changes) => {
    const {server, storage} = createFakeParty(TinyBasePartyKitServer);
    await expect(broadcastChanges(server, changes)).rejects.toThrow(TypeError);
    expect(storage.getEntries()).toEqual([]);
  });
});
