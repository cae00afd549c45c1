/** The server that rooms on partyserver are tested on. */
import type {PartySocket} from 'partysocket';
import {afterEach, expect, test} from 'vitest';
import {createNodeSocket} from '../support/node-socket.js';
import {until} from '../support/until.js';
import {startWorkerd, type Workerd} from '../support/workerd.js';

const ECHO = {
  code: `export * from './test/partyserver/rooms/echo.ts';
         export {default} from './test/partyserver/rooms/echo.ts';`,
  objects: {main: 'Echo'},
};

let server: Workerd | undefined;
const sockets: PartySocket[] = [];

afterEach(async () => {
  sockets.splice(0).forEach((socket) => socket.close());
  await server?.stop();
  server = undefined;
});

const openSocket = (host: string): {socket: PartySocket; heard: string[]} => {
  const socket = createNodeSocket({host, room: 'room'});
  const heard: string[] = [];
  socket.addEventListener('message', ({data}) => heard.push(String(data)));
  sockets.push(socket);
  return {socket, heard};
};

const ask = async (query = ''): Promise<Record<string, unknown>> => {
  const url = `http://${server!.host}/parties/main/room${query}`;
  return (await (await fetch(url)).json()) as Record<string, unknown>;
};

test('serves a room over HTTP and WebSocket, with its vars', async () => {
  server = await startWorkerd({...ECHO, vars: {greeting: 'hello'}});
  const {socket, heard} = openSocket(server.host);
  socket.send('one');
  await until(() => heard.includes('echo one'));
  expect(await ask()).toMatchObject({count: 1, greeting: 'hello'});
  await until(() => server!.getOutput().includes('room heard one'));
});

test('keeps what was stored through a crash, on the same port', async () => {
  server = await startWorkerd(ECHO);
  const {host} = server;
  const {socket, heard} = openSocket(host);
  socket.send('one');
  await until(() => heard.includes('echo one'));

  await server.kill();
  await expect(ask()).rejects.toThrow(/fetch failed/);

  await server.restart();
  expect(server.host).toBe(host);
  socket.send('two');
  await until(() => heard.includes('echo two'));
  expect(await ask()).toMatchObject({count: 2});
});

test('an alarm rings after a crash, though nobody asks', async () => {
  server = await startWorkerd(ECHO);
  await ask('?alarm=300');
  await server.restart();
  await until(() => server!.getOutput().includes('room rings'));
  expect(await ask()).toMatchObject({rings: 1});
});

test('a room that is evicted keeps its sockets, and nothing else', async () => {
  server = await startWorkerd(ECHO);
  const {socket, heard} = openSocket(server.host);
  socket.send('one');
  await until(() => heard.includes('echo one'));
  const before = await ask();
  expect(await server.evict('main', 'room')).toBe(true);
  expect(await server.evict('main', 'room')).toBe(false);
  expect((await ask())['instance']).not.toBe(before['instance']);
  socket.send('two');
  await until(() => heard.includes('echo two'));
  expect(await ask()).toMatchObject({count: 2});
});

test.each([
  ['sqlite', 1_990_000],
  ['kv', 131_000],
] as const)('has the limits of storage that is %s', async (storage, bytes) => {
  server = await startWorkerd({...ECHO, storage});
  const url = `http://${server.host}/parties/main/room`;
  expect((await fetch(`${url}?put=${bytes}`)).status).toBe(200);
  expect((await fetch(`${url}?put=${bytes + 20_000}`)).status).toBe(500);
});
