/** Sockets that drop, move, share an id, or sit behind a deployment's URLs. */
import {afterAll, beforeAll, expect} from 'vitest';
import {testFailure} from '../support/test-both-halves.js';
import {expectSoon} from '../support/expect-soon.js';
import {
  createClient,
  expectSame,
  startClient,
  untilOpen,
  type TestClientOptions,
} from '../support/halves.js';
import type {RoomServer} from '../support/room-server.js';
import {startReverseProxy} from '../support/reverse-proxy.js';
import {startTcpProxy} from '../support/tcp-proxy.js';
import {
  createTestRoom,
  startTestRooms,
  type Half,
} from '../support/test-room.js';
import {until} from '../support/until.js';

let server: RoomServer;
beforeAll(async () => {
  server = await startTestRooms();
});
afterAll(() => server?.stop());

testFailure(2, 'a change while the socket is down', async (half) => {
  const proxy = await startTcpProxy(server.port);
  const room = createTestRoom(server, half);
  await room.putContent([{t: {r: {old: 1}, gone: {x: 1}}}, {}]);
  const a = await startClient(half, room, {host: proxy.host});
  const b = await startClient(half, room);
  expect(a.store.hasRow('t', 'gone')).toBe(true);
  proxy.cut();
  await until(() => a.socket.readyState != a.socket.OPEN);
  b.store.setCell('t', 'r', 'missed', 2);
  b.store.delRow('t', 'gone');
  b.store.setValue('missed', 3);
  await until(async () => (await room.getContent())?.[1]['missed']);
  proxy.resume();
  await untilOpen(a);
  return async () => {
    await expectSoon(() =>
      expect(a.store.getContent()).toEqual([
        {t: {r: {old: 1, missed: 2}}},
        {missed: 3},
      ]),
    );
    await expectSame(room, [a, b]);
  };
});

testFailure(13, 'two tabs share a connection id', async (half) => {
  const room = createTestRoom(server, half);
  const options: TestClientOptions = {socket: {id: 'tab'}};
  const a = await startClient(half, room, options);
  const b = await startClient(half, room, options);
  a.store.setCell('t', 'r', 'by', 'a');
  await until(async () => (await room.getContent())?.[0]['t']);
  return async () => {
    await expectSoon(() => expect(b.store.getCell('t', 'r', 'by')).toBe('a'));
    b.store.setCell('t', 'r', 'by', 'b');
    await expectSoon(() => expect(a.store.getCell('t', 'r', 'by')).toBe('b'));
    await expectSame(room, [a, b]);
  };
});

testToken('a query', {token: 'secret'});
testToken('an async query function', async () => ({token: 'secret'}));

function testToken(
  what: string,
  query: NonNullable<TestClientOptions['socket']>['query'],
): void {
  testFailure(14, `a token in ${what}`, async (half) => {
    const name = `private-${half}-${typeof query}`;
    const room = createTestRoom(server, half, {name, query: '?token=secret'});
    const stranger = await fetch(`${room.url}/store`);
    expect(stranger.status).toBe(401);
    const a = createClient(half, room, {socket: {query: query!}});
    await untilOpen(a);
    await a.persister.startAutoPersisting([{t: {r: {seed: 1}}}, {}]);
    expect(a.store.getCell('t', 'r', 'seed')).toBe(1);
    return async () => {
      await expectSoon(async () =>
        expect(await room.getContent()).toEqual([{t: {r: {seed: 1}}}, {}]),
      );
      a.store.setValue('v', 1);
      await expectSoon(async () =>
        expect((await room.getContent())?.[1]).toEqual({v: 1}),
      );
      expect(a.errors).toEqual([]);
    };
  });
}

['http', 'https'].forEach((protocol) =>
  testFailure(15, `a host that says ${protocol}://`, async (half) => {
    const room = createTestRoom(server, half);
    await room.putContent([{t: {r: {there: 1}}}, {}]);
    const host = `${protocol}://${server.host}`;
    const a = createClient(half, room, {host});
    await untilOpen(a);
    await a.persister.startAutoPersisting();
    return async () => {
      await expectSoon(() =>
        expect(a.store.getCell('t', 'r', 'there')).toBe(1),
      );
      await expectSame(room, [a]);
      expect(a.errors).toEqual([]);
    };
  }),
);

testFailure(16, 'the socket moves before load()', async (half) => {
  const [first, second] = await createTwoRooms(half);
  const a = createClient(half, first);
  await untilOpen(a);
  await a.persister.load();
  expect(a.store.getContent()).toEqual([{t: {r: {room: 'first'}}}, {}]);
  a.socket.updateProperties({room: second.name});
  a.socket.reconnect();
  await untilOpen(a);
  await a.persister.load();
  return async () => {
    await expectSoon(() =>
      expect(a.store.getContent()).toEqual([{t: {r: {room: 'second'}}}, {}]),
    );
  };
});

testFailure(16, 'the socket moves while auto-persisting', async (half) => {
  const [first, second] = await createTwoRooms(half);
  const a = await startClient(half, first);
  expect(a.store.getContent()).toEqual([{t: {r: {room: 'first'}}}, {}]);
  const b = await startClient(half, second);
  a.socket.updateProperties({room: second.name});
  a.socket.reconnect();
  await untilOpen(a);
  return async () => {
    await expectSame(second, [a, b]);
    expect(a.store.getContent()).toEqual([{t: {r: {room: 'second'}}}, {}]);
    a.store.setValue('written', 1);
    await expectSoon(() => expect(b.store.getValue('written')).toBe(1));
    expect(await first.getContent()).toEqual([{t: {r: {room: 'first'}}}, {}]);
  };
});

const createTwoRooms = async (half: Half) => {
  const names = ['first', 'second'] as const;
  const rooms = names.map(() => createTestRoom(server, half));
  for (const [index, name] of names.entries()) {
    await rooms[index]!.putContent([{t: {r: {room: name}}}, {}]);
  }
  return rooms as [(typeof rooms)[0], (typeof rooms)[0]];
};

// Where a deployment serves the room, and what its PartySocket is told.
[
  {
    option: 'basePath',
    path: '/api/my/room',
    socket: {basePath: 'api/my/room'},
  },
  {
    option: 'prefix',
    path: '/rooms/chat/lobby',
    socket: {prefix: 'rooms', party: 'chat', room: 'lobby'},
  },
  {
    option: 'path',
    path: '/parties/chat/lobby/eu/1',
    socket: {party: 'chat', room: 'lobby', path: 'eu/1'},
  },
].forEach(({option, path, socket}) =>
  testFailure(23, `a PartySocket with ${option}`, async (half) => {
    const room = createTestRoom(server, half);
    await room.putContent([{t: {r: {there: 1}}}, {}]);
    const host = await startReverseProxy(server.port, {
      route: (asked) =>
        asked.startsWith(path)
          ? `/parties/${room.party}/${room.name}${asked
              .slice(path.length)
              .replace(/^\/$/, '')}`
          : undefined,
    });
    const a = createClient(half, room, {host, socket});
    const b = await startClient(half, room);
    await untilOpen(a);
    await a.persister.startAutoPersisting();
    b.store.setValue('v', 1);
    await until(() => a.store.getValue('v') === 1);
    return async () => {
      await expectSame(room, [a, b]);
      expect(a.errors).toEqual([]);
    };
  }),
);
