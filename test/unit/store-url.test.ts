import {PartySocket} from 'partysocket';
import {expect, onTestFinished, test} from 'vitest';
import {getRoomUrl, getStoreUrl} from '../../src/client/store-url.js';

const createSocket = (options: object): PartySocket => {
  const socket = new PartySocket({
    host: 'example.com',
    room: 'room',
    id: 'me',
    startClosed: true,
    WebSocket: class {},
    ...options,
  });
  onTestFinished(() => socket.close());
  return socket;
};

test.each([
  ['the room alone', {}, 'https://example.com/parties/main/room/store?_pk=me'],
  [
    'a party of its own',
    {party: 'other'},
    'https://example.com/parties/other/room/store?_pk=me',
  ],
  [
    'localhost, by HTTP',
    {host: 'localhost:1999'},
    'http://localhost:1999/parties/main/room/store?_pk=me',
  ],
  [
    'a host with a protocol',
    {host: 'https://example.com'},
    'https://example.com/parties/main/room/store?_pk=me',
  ],
  [
    'a prefix',
    {prefix: 'rooms/all'},
    'https://example.com/rooms/all/main/room/store?_pk=me',
  ],
  [
    'a base path',
    {basePath: 'my/room'},
    'https://example.com/my/room/store?_pk=me',
  ],
  [
    'a path',
    {path: 'deeper'},
    'https://example.com/parties/main/room/deeper/store?_pk=me',
  ],
  [
    'a query',
    {query: {token: 'a b&c'}},
    'https://example.com/parties/main/room/store?_pk=me&token=a+b%26c',
  ],
  [
    'a query that a function gives',
    {query: async () => ({token: 'fresh'})},
    'https://example.com/parties/main/room/store?_pk=me&token=fresh',
  ],
])('finds the content of a PartySocket with %s', async (_, options, url) => {
  expect(await getStoreUrl(createSocket(options), '/store')).toBe(url);
});

test('takes the path and the protocol that it is told', async () => {
  expect(await getStoreUrl(createSocket({}), '/my/store', 'http')).toBe(
    'http://example.com/parties/main/room/my/store?_pk=me',
  );
});

test('evaluates a query at each call', async () => {
  let token = 0;
  const socket = createSocket({query: () => ({token: `${++token}`})});
  const [first, second] = [
    await getStoreUrl(socket, '/store'),
    await getStoreUrl(socket, '/store'),
  ];
  expect(first).not.toBe(second);
});

test('finds the room that a PartySocket has moved to', async () => {
  const socket = createSocket({query: {token: 'a'}});
  const before = getRoomUrl(socket);
  socket.updateProperties({room: 'other', query: {token: 'b'}});
  expect(getRoomUrl(socket)).not.toBe(before);
  expect(await getStoreUrl(socket, '/store')).toBe(
    'https://example.com/parties/main/other/store?_pk=me&token=b',
  );
});

test('knows the room of a PartySocket that has no URL to show', async () => {
  const connection = {
    name: 'main',
    partySocketOptions: {host: 'example.com', room: 'room'},
  } as unknown as PartySocket;
  expect(getRoomUrl(connection)).toBe('wss://example.com/parties/main/room');
  expect(await getStoreUrl(connection, '/store', 'http')).toBe(
    'http://example.com/parties/main/room/store',
  );
});
