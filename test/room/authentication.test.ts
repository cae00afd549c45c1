/** Tokens, as PartyKit's documentation has them, by WebSocket and HTTP alike. */
import {once} from 'node:events';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {WebSocket} from 'ws';
import type {Changes} from 'tinybase';
import type {ChangesError, PartyKitPersister} from 'tinybase-partykit/client';
import {expectSoon} from '../support/expect-soon.js';
import {createClient, getPendingCount, startClient} from '../support/halves.js';
import {startRoomServer, type RoomServer} from '../support/room-server.js';
import {signToken, TOKEN_SECRET} from '../support/sign-token.js';
import {createTestRoom, type TestRoom} from '../support/test-room.js';
import {until} from '../support/until.js';

const SLEEP_TIMEOUT_MS = 40_000;

let server: RoomServer;
let lastRoom = 0;

beforeAll(async () => {
  server = await startRoomServer({
    main: 'test/rooms/token-room-observed.ts',
    vars: {TOKEN_SECRET},
  });
});

afterAll(async () => {
  await server?.stop();
});

/** A room, as an observer with a token of its own sees it. */
const createTokenRoom = (): TestRoom => {
  const name = `guarded-${++lastRoom}`;
  return createTestRoom(server, 'ours', {
    name,
    party: 'main',
    query: `?token=${signToken({user: 'observer', room: name})}`,
  });
};

const getState = ({persister}: {persister: unknown}) =>
  (persister as PartyKitPersister).getSyncState();

/** The changes that the room has told to be refused. */
const getRefused = ({errors}: {errors: unknown[]}): Changes[] =>
  errors.flatMap((error) => {
    const {name, changes} = error as ChangesError;
    return name == 'RefusedError' ? changes : [];
  });

/** Whether and how a WebSocket is let in. */
const knock = async (room: TestRoom, token: string): Promise<number> => {
  const socket = new WebSocket(
    `${room.url.replace('http', 'ws')}?token=${token}`,
  );
  try {
    return await Promise.race([
      once(socket, 'open').then(() => 101),
      once(socket, 'unexpected-response').then(
        ([, response]) => response.statusCode as number,
      ),
    ]);
  } finally {
    socket.on('error', () => {});
    socket.terminate();
  }
};

describe('a token that is right', () => {
  test.each<[string, (token: string) => any]>([
    ['an object', (token) => ({token})],
    ['a function', (token) => () => ({token})],
    ['an async function', (token) => async () => ({token})],
  ])('lets in both ways, given as %s', async (_, createQuery) => {
    const room = createTokenRoom();
    const [a, b] = ['a', 'b'].map((user) =>
      createClient('ours', room, {
        socket: {query: createQuery(signToken({user, room: room.name}))},
      }),
    ) as [any, any];
    await a.persister.startAutoPersisting([{pets: {fido: {legs: 4}}}, {}]);
    await b.persister.startAutoPersisting();
    b.store.setCell('pets', 'felix', 'legs', 4);
    await expectSoon(async () => {
      const pets = {fido: {legs: 4}, felix: {legs: 4}};
      expect(await room.getContent()).toEqual([{pets}, {}]);
      expect(a.store.getTables()).toEqual({pets});
    });
    expect([a.errors, b.errors]).toEqual([[], []]);
  });

  test('may be as long as those of identity providers are', async () => {
    const room = createTokenRoom();
    const more = 'x'.repeat(900);
    const token = signToken({user: 'ann', room: room.name, more});
    expect(token.length).toBeGreaterThan(1_200);
    const client = await startClient('ours', room, {socket: {query: {token}}});
    client.store.setRow('profiles', 'ann', {age: 30});
    await until(() => getState(client) == 'synced');
    expect(client.errors).toEqual([]);
    expect(await room.getContent()).toEqual([{profiles: {ann: {age: 30}}}, {}]);
  });
});

describe('a token that is not right', () => {
  const user = 'mallory';
  test.each<[string, (room: string) => string]>([
    ['no token', () => ''],
    ['one that is none', () => 'nonsense'],
    ['one of two dots', () => '..'],
    ['a forged one', (room) => signToken({user, room}, 'another secret')],
    ['an expired one', (room) => signToken({user, room, expiresAt: 1})],
    ["another room's", () => signToken({user, room: 'another'})],
    [
      'one with another payload',
      (room) =>
        signToken({user: 'observer', room}, 'x').split('.')[0] +
        '.' +
        signToken({user, room}).split('.')[1],
    ],
  ])('shuts out both ways: %s', async (_, createToken) => {
    const room = createTokenRoom();
    const token = createToken(room.name);
    const client = createClient('ours', room, {socket: {query: {token}}});
    const starting = client.persister.startAutoPersisting([{}, {initial: 1}]);
    client.store.setCell('pets', 'fido', 'legs', 4);
    await starting;
    client.store.setCell('pets', 'felix', 'legs', 4);
    await until(() => client.errors.length > 0);
    expect(client.errors[0]).toBeInstanceOf(Response);
    expect(client.errors.map(({status}: any) => status)).toContain(401);
    expect(await knock(room, token)).toBe(401);
    const put = await fetch(`${room.url}/store?token=${token}`, {
      method: 'PUT',
      body: '[{},{"v":1}]',
      headers: {'x-user-id': 'observer'},
    });
    expect([put.status, await put.text()]).toEqual([401, 'Unauthorized']);
    expect(await room.getStorage()).toEqual(new Map());
    // Nothing of it is lost here.
    expect(getState(client)).toBe('offline');
    expect(getPendingCount(client)).toBe(2);
    expect(client.store.getContent()).toEqual([
      {pets: {fido: {legs: 4}, felix: {legs: 4}}},
      {initial: 1},
    ]);
  });
});

describe('a token that expires', () => {
  test('while connected: a fresh one is asked for, and nothing is lost', async () => {
    const room = createTokenRoom();
    const tokens: string[] = [];
    let isFirst = true;
    const query = async () => {
      const expiresAt = Date.now() + (isFirst ? 1_500 : 60_000);
      tokens.push(signToken({user: 'ann', room: room.name, expiresAt}));
      return {token: tokens.at(-1)!};
    };
    const client = await startClient('ours', room, {socket: {query}});
    isFirst = false;
    await until(async () => (await knock(room, tokens.at(-1)!)) == 401);
    // Who is in stays in.
    client.store.setCell('pets', 'fido', 'legs', 4);
    await until(() => getState(client) == 'synced');
    client.socket.reconnect();
    client.store.setCell('pets', 'felix', 'legs', 3);
    await until(() => getState(client) == 'synced');
    expect(await room.getContent()).toEqual([
      {pets: {fido: {legs: 4}, felix: {legs: 3}}},
      {},
    ]);
    expect(client.errors).toEqual([]);
  });

  test('and is not renewed at once: edits wait, and arrive once', async () => {
    const room = createTokenRoom();
    let expiresAt = 1;
    const query = () => ({
      token: signToken({user: 'ann', room: room.name, expiresAt}),
    });
    const client = createClient('ours', room, {socket: {query}});
    await client.persister.startAutoPersisting([{}, {initial: true}]);
    client.store.setValue('early', true);
    await until(() => client.errors.length > 0);
    expect(await room.getStorage()).toEqual(new Map());
    expiresAt = Date.now() + 60_000;
    await until(() => getState(client) == 'synced', {timeoutMs: 15_000});
    expect(await room.getContent()).toEqual([{}, {initial: true, early: true}]);
    // It expires for good: edits stay pending, on the screen.
    expiresAt = 1;
    client.socket.reconnect();
    client.store.setValue('late', true);
    await until(() => client.socket.retryCount > 1);
    expect(getState(client)).toBe('offline');
    expect(getPendingCount(client)).toBe(1);
    expiresAt = Date.now() + 60_000;
    await until(() => getState(client) == 'synced', {timeoutMs: 15_000});
    expect(await room.getContent()).toEqual([
      {},
      {initial: true, early: true, late: true},
    ]);
  });
});

describe('the user of a token', () => {
  const start = async (room: TestRoom, user: string) =>
    startClient('ours', room, {
      socket: {query: () => ({token: signToken({user, room: room.name})})},
    });

  test('is known to hooks by the connection', async () => {
    const room = createTokenRoom();
    const ann = await start(room, 'ann');
    const bob = await start(room, 'bob');
    ann.store.setRow('profiles', 'ann', {age: 30});
    await expectSoon(() =>
      expect(bob.store.hasRow('profiles', 'ann')).toBe(true),
    );
    bob.store.setRow('profiles', 'ann', {age: 99});
    bob.store.setRow('profiles', 'bob', {age: 31});
    bob.store.delRow('profiles', 'ann');
    await expectSoon(async () => {
      const profiles = {ann: {age: 30}, bob: {age: 31}};
      expect(bob.store.getTables()).toEqual({profiles});
      expect(ann.store.getTables()).toEqual({profiles});
      expect(await room.getContent()).toEqual([{profiles}, {}]);
    });
    expect(getRefused(bob)).toEqual([
      [{profiles: {ann: {age: 99}}}, {}, 1],
      [{profiles: {ann: undefined}}, {}, 1],
    ]);
    expect(ann.errors).toEqual([]);
  });

  test('is known to hooks by the Request of an initial PUT, whatever it claims', async () => {
    const room = createTokenRoom();
    const token = signToken({user: 'bob', room: room.name});
    const {status} = await fetch(`${room.url}/store?token=${token}`, {
      method: 'PUT',
      body: '[{"profiles":{"ann":{"age":99},"bob":{"age":31}}},{}]',
      headers: {'x-user-id': 'ann'},
    });
    expect(status).toBe(201);
    expect(await room.getContent()).toEqual([{profiles: {bob: {age: 31}}}, {}]);
  });

  test('V16: is the author of what it wrote, whatever a header claims', async () => {
    const room = createTokenRoom();
    const getUrl = (user: string, query = '') =>
      `${room.url}/store?token=${signToken({user, room: room.name})}${query}`;
    const headers = {'x-user-id': 'mallory'};
    await fetch(getUrl('ann'), {method: 'PUT', headers, body: '[{},{"v":0}]'});
    const ann = await start(room, 'ann');
    const bob = await start(room, 'bob');
    ann.store.setValue('v', 1);
    await expectSoon(() => expect(bob.store.getValue('v')).toBe(1));
    bob.store.setValue('v', 2);
    await until(() => getPendingCount(bob) == 0);
    const {status} = await fetch(getUrl('cron'), {
      method: 'PATCH',
      headers,
      body: '[{},{"v":3},1]',
    });
    expect(status).toBe(200);
    const history = await fetch(getUrl('observer', '&since=1'));
    expect(await history.json()).toMatchObject([
      {author: 'ann', time: expect.any(Number), changes: [[{}, {v: 1}, 1]]},
      {author: 'bob', changes: [[{}, {v: 2}, 1]]},
      {author: 'cron', changes: [[{}, {v: 3}, 1]]},
    ]);
  });

  test(
    'is known when the room has slept',
    async () => {
      const room = createTokenRoom();
      const bob = await start(room, 'bob');
      bob.store.setRow('profiles', 'bob', {age: 31});
      await until(() => getState(bob) == 'synced');
      const instance = await room.getInstance();
      // To ask it wakes it: so not too often.
      await until(async () => (await room.getInstance()) != instance, {
        timeoutMs: SLEEP_TIMEOUT_MS,
        intervalMs: 12_000,
      });
      bob.store.setRow('profiles', 'bob', {age: 32});
      bob.store.setRow('profiles', 'ann', {age: 99});
      await until(() => getPendingCount(bob) == 0);
      expect(await room.getContent()).toEqual([
        {profiles: {bob: {age: 32}}},
        {},
      ]);
      expect(getRefused(bob)).toEqual([[{profiles: {ann: {age: 99}}}, {}, 1]]);
    },
    SLEEP_TIMEOUT_MS + 10_000,
  );
});
