import {afterEach, expect, test} from 'vitest';
import type {PartySocket} from 'partysocket';
import {createNodeSocket} from '../support/node-socket.js';
import {startPartyKitDev, type PartyKitDev} from '../support/partykit-dev.js';
import {until} from '../support/until.js';

let server: PartyKitDev | undefined;
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

const isPortOpen = async (host: string): Promise<boolean> =>
  fetch(`http://${host}`).then(
    () => true,
    () => false,
  );

test('serves a room over HTTP and WebSocket, with its vars', async () => {
  server = await startPartyKitDev({
    main: 'test/rooms/echo.ts',
    vars: {greeting: 'hello'},
  });
  const {socket, heard} = openSocket(server.host);
  socket.send('one');
  await until(() => heard.includes('echo one'));

  const response = await fetch(`http://${server.host}/parties/main/room`);
  expect(await response.json()).toEqual({count: 1, greeting: 'hello'});
});

test('keeps what was stored through a crash, on the same port', async () => {
  server = await startPartyKitDev({main: 'test/rooms/echo.ts'});
  const {host} = server;
  const {socket, heard} = openSocket(host);
  socket.send('one');
  await until(() => heard.includes('echo one'));

  await server.kill();
  expect(await isPortOpen(host)).toBe(false);

  await server.restart();
  expect(server.host).toBe(host);
  socket.send('two');
  await until(() => heard.includes('echo two'));
  const response = await fetch(`http://${host}/parties/main/room`);
  expect(await response.json()).toMatchObject({count: 2});
});

test('leaves nothing running once stopped', async () => {
  server = await startPartyKitDev({main: 'test/rooms/echo.ts'});
  const {host} = server;
  await server.stop();
  expect(await isPortOpen(host)).toBe(false);
});

test('fails with the output where the room does not build', async () => {
  await expect(
    startPartyKitDev({main: 'test/rooms/missing.ts'}),
  ).rejects.toThrow(/missing\.ts/);
});
