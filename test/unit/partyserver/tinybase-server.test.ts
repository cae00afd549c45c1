/** The room's class on partyserver: its real code, on a runtime in memory. */
import type {Connection} from 'partyserver';
import {createStore} from 'tinybase';
import {
  broadcastChanges,
  hasStoreInStorage,
  loadStoreFromStorage,
  TinyBaseServer,
  type TinyBaseServerConfig,
} from 'tinybase-partykit/partyserver';
import {describe, expect, test} from 'vitest';
import {createAlarmStorage} from '../../support/alarm-storage.js';
import {createFakeDurableObject} from '../../support/fake-durable-object.js';

const push = (values: object): string => `s${JSON.stringify([{}, values, 1])}`;

const getChanges = ({received}: {received: string[]}): unknown[] =>
  received
    .filter((frame) => frame.startsWith('s'))
    .map((frame) => JSON.parse(frame.slice(1)));

const greet = async (
  room: {request(method: string, path: string): Promise<Response>},
  client: {say(frame: string): Promise<void>},
): Promise<void> => {
  const etag = (await room.request('GET', '/store')).headers.get('ETag')!;
  const [, epoch, offset] = /"(\w+)\.(\d+)"/.exec(etag)!;
  await client.say(`h[1,"c","m","${epoch}",${offset}]`);
};

describe('a server', () => {
  test('has the defaults of TinyBase, and hibernates', async () => {
    const {server} = createFakeDurableObject(TinyBaseServer);
    expect(TinyBaseServer.options).toEqual({hibernate: true});
    expect(server.config).toMatchObject({storePath: '/store'});
    class Subclass extends TinyBaseServer {}
    const room = createFakeDurableObject(Subclass);
    await room.connect();
    // Who does not hibernate has it accepted by no Durable Object.
    expect((await room.connect()).socket).toBeDefined();
  });

  test('serves the content at its path, and nothing elsewhere', async () => {
    const room = createFakeDurableObject(TinyBaseServer);
    expect((await room.request('PUT', '/store', '[{},{"v":1}]')).status).toBe(
      201,
    );
    expect(await room.getContent()).toEqual([{}, {v: 1}]);
    const response = await room.request('GET', '/other');
    expect(response.status).toBe(404);
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*');
  });

  test('takes messages, and leaves those of the app alone', async () => {
    const room = createFakeDurableObject(TinyBaseServer);
    const [a, b] = [await room.connect('a'), await room.connect('b')];
    await a.say('hello');
    await a.say(push({v: 1}));
    expect(getChanges(b)).toEqual([[{}, {v: 1}, 1]]);
    expect(await room.getContent()).toEqual([{}, {v: 1}]);
  });

  test('lets nobody PATCH unless its config says so', async () => {
    class Open extends TinyBaseServer {
      override readonly config: TinyBaseServerConfig = {allowPatch: true};
    }
    for (const [ServerClass, status] of [
      [TinyBaseServer, 405],
      [Open, 200],
    ] as const) {
      const room = createFakeDurableObject(ServerClass);
      await room.request('PUT', '/store', '[{},{}]');
      const response = await room.request('PATCH', '/store', '[{},{"v":1},1]');
      expect(response.status).toBe(status);
    }
  });

  test('leaves alone what partyserver stores, beside what TinyBase has', async () => {
    const storage = createAlarmStorage([
      ['__ps_name', 'room'],
      ['hasStore', 1],
      ['t"t","r","c"', 'stored'],
    ]);
    const room = createFakeDurableObject(TinyBaseServer, storage);
    await (await room.connect()).say(push({v: 1}));
    expect(await room.getContent()).toEqual([{t: {r: {c: 'stored'}}}, {v: 1}]);
    expect(await storage.get('__ps_name')).toBe('room');
    const content = await loadStoreFromStorage(storage as any);
    expect(content).toEqual([{t: {r: {c: 'stored'}}}, {v: 1}]);
  });
});

describe('the hooks of a server', () => {
  class Ruled extends TinyBaseServer {
    asked: unknown[] = [];

    override createStore() {
      return createStore().setValuesSchema({
        v: {type: 'number', default: 7},
        refused: {type: 'number'},
      });
    }

    override async canSetValue(
      valueId: string,
      _value: unknown,
      _initialSave: boolean,
      who: Request | Connection,
    ): Promise<boolean> {
      this.asked.push('headers' in who ? who.method : who.id);
      return valueId != 'refused';
    }

    override getAuthor(who: Request | Connection) {
      return 'id' in who ? who.id : undefined;
    }
  }

  test('P4: are methods of the class, and get the connection', async () => {
    const room = createFakeDurableObject(Ruled);
    await room.request('PUT', '/store', '[{},{}]');
    const a = await room.connect('a');
    await a.say(push({v: 1, refused: 1}));
    expect(room.server.asked).toEqual(['a', 'a']);
    expect(await room.getContent()).toEqual([{}, {v: 1}]);
    const history = await room.request('GET', '/store?since=1');
    expect(await history.json()).toMatchObject([{author: 'a'}]);
  });
});

describe('the handlers of an app', () => {
  class Noting extends TinyBaseServer {
    seen: string[] = [];

    note(name: string): void {
      this.seen.push(`${name} ${this.getStore().getValue('v') as string}`);
    }

    override async onStart(): Promise<void> {
      this.note('start');
    }

    override onConnect(connection: Connection): void {
      this.note(`connect ${connection.id}`);
      this.getStore().setValue('joined', connection.id);
    }

    override async onMessage(connection: Connection, message: any) {
      this.note('message');
      await super.onMessage(connection, message);
    }

    override onAlarm(): void {
      this.note('alarm');
    }
  }

  test('read and write the live Store, and start first', async () => {
    const room = createFakeDurableObject(Noting);
    await room.request('PUT', '/store', '[{},{"v":1}]');
    room.wake();
    await room.ring();
    const a = await room.connect('a');
    await a.say(push({v: 2}));
    expect(room.server.seen).toEqual([
      'start 1',
      'alarm 1',
      'connect a 1',
      'message 1',
    ]);
    expect(await room.getContent()).toEqual([{}, {v: 2, joined: 'a'}]);
  });

  test('L5: are not asked when a client asks for a sign of life', async () => {
    const room = createFakeDurableObject(Noting);
    const a = await room.connect('a');
    await greet(room, a);
    const seen = [...room.server.seen];
    await a.say('i["token"]');
    expect(room.server.seen).toEqual(seen);
  });

  test('have started where a method was called by nobody else', async () => {
    const room = createFakeDurableObject(Noting);
    await broadcastChanges(room.server, [{}, {v: 1}, 1]);
    expect(room.server.seen).toEqual(['start undefined']);
    expect(await room.getContent()).toEqual([{}, {v: 1}]);
    expect(await hasStoreInStorage(room.storage as any)).toBe(true);
  });
});

describe('what a server throws', () => {
  class Failing extends TinyBaseServer {
    static failing: string[] = [];
    told: unknown[] = [];

    fail(name: string): void {
      if (Failing.failing.includes(name)) {
        throw new Error(`secret of ${name}`);
      }
    }

    override async onStart(): Promise<void> {
      void broadcastChanges(this, [{}, {started: true}, 1]);
      this.fail('onStart');
    }

    override onConnect(): void {
      this.fail('onConnect');
    }

    override async onRequest(request: Request): Promise<Response> {
      this.fail('onRequest');
      return await super.onRequest(request);
    }

    override onException(error: any): void {
      this.told.push(error.message);
      this.fail('onException');
    }
  }

  const createFailing = (...failing: string[]) => {
    Failing.failing = failing;
    return createFakeDurableObject(Failing);
  };

  test.each(['onStart', 'onRequest'])(
    'in %s is told to the app, and not to who asks',
    async (name) => {
      for (const also of [[], ['onException']]) {
        const room = createFailing(name, ...also);
        const response = await room.request('GET', '/store');
        expect(response.status).toBe(500);
        expect(await response.text()).toBe(
          'The room could not answer: try again.',
        );
        expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*');
        expect(room.server.told).toEqual([`secret of ${name}`]);
        Failing.failing = [];
        expect((await room.request('GET', '/store')).status).toBe(200);
      }
    },
  );

  test('in onConnect is not told to who connects', async () => {
    const room = createFailing('onConnect');
    const {received} = await room.connect();
    expect(received).toEqual([
      '{"error":"The room could not answer: try again."}',
    ]);
    expect(room.server.told).toEqual(['secret of onConnect']);
  });

  test('by its storage is told to the app, and not to who asks', async () => {
    const told: string[] = [];
    const room = createFakeDurableObject(
      class extends TinyBaseServer {
        override onException(error: any): void {
          told.push(error.message);
        }
      },
    );
    await room.request('GET', '/store');
    room.storage.put = async () => {
      throw new Error('secret of storage');
    };
    const response = await room.request('PUT', '/store', '[{},{"v":1}]');
    expect([response.status, await response.text()]).toEqual([
      500,
      'The room could not answer: try again.',
    ]);
    expect(told).toEqual(['secret of storage']);
  });

  test('by onStart leaves nothing under way that the next start waits for', async () => {
    const room = createFailing('onStart');
    let stored: unknown;
    room.onFree.push(() => {
      stored = room.storage.getEntries().map(([key]) => key);
    });
    await room.request('GET', '/store');
    expect(stored).toContain('#tbpk:head');
  });
});

describe('a server that sleeps', () => {
  class Stateful extends TinyBaseServer {
    override async onMessage(connection: Connection<number>, message: any) {
      if (message == 'state') {
        connection.setState((connection.state ?? 0) + 1);
        connection.send(`state ${connection.state}`);
      } else {
        await super.onMessage(connection, message);
      }
    }

    /** Of all connections, where no message is handled. */
    count(): void {
      for (const connection of this.getConnections<number>()) {
        connection.setState((connection.state ?? 0) + 1);
      }
    }
  }

  test('J6: knows a connection again, beside its state', async () => {
    const room = createFakeDurableObject(Stateful);
    await room.request('PUT', '/store', '[{},{}]');
    const a = await room.connect('a');
    await a.say('state');
    await greet(room, a);
    room.server.count();
    for (const [mutationId, state] of [
      [1, 3],
      [2, 4],
    ]) {
      room.wake();
      await a.say(`p[${mutationId},[{},{"v":${mutationId}},1]]`);
      expect(a.received.at(-1)).toMatch(
        new RegExp(`^c\\[\\d,0,\\{"\\w+":\\[${mutationId}\\]\\}\\]$`),
      );
      expect(a.socket.id).toBe('a');
      await a.say('state');
      expect(a.received.at(-1)).toBe(`state ${state}`);
    }
  });
});
