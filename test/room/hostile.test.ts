/** Hostile peers of a room on a real server, while honest clients work. */
import {once} from 'node:events';
import fc from 'fast-check';
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {WebSocket} from 'ws';
import {
  arbitraryContentText,
  arbitraryFrame,
} from '../support/arbitrary-frames.js';
import {expectSame, startClient, type TestClient} from '../support/halves.js';
import type {RoomServer} from '../support/room-server.js';
import {
  createTestRoom,
  startTestRooms,
  type TestRoom,
} from '../support/test-room.js';
import {until} from '../support/until.js';

const SEED = Number(process.env.SEED ?? 20_240_718);
const FRAMES = Number(process.env.FRAMES ?? 2_000);
const PATIENCE_MS = 20_000;
const MIB = 1_048_576;

let server: RoomServer;
let room: TestRoom;
let clients: TestClient[];
let lastEdit = 0;
const sockets = new Set<WebSocket>();

beforeAll(async () => {
  server = await startTestRooms();
});

beforeEach(async () => {
  room = createTestRoom(server, 'ours');
  clients = [await startClient('ours', room), await startClient('ours', room)];
  return () => {
    sockets.forEach((socket) => socket.terminate());
    sockets.clear();
  };
});

afterAll(async () => {
  await server?.stop();
});

/** Opens a raw connection, which never minds being closed. */
const open = async (): Promise<WebSocket> => {
  const socket = new WebSocket(room.url.replace('http', 'ws'));
  sockets.add(socket);
  socket.on('error', () => {});
  await once(socket, 'open');
  return socket;
};

const send = (socket: WebSocket, data: string | ArrayBuffer): void => {
  if (socket.readyState == WebSocket.OPEN) {
    socket.send(data);
  }
};

/** Edits of the honest clients arrive everywhere, and nobody was thrown out. */
const expectService = async (): Promise<void> => {
  const edit = ++lastEdit;
  clients.forEach(({store}, index) =>
    store.setCell('honest', `of ${index}`, 'edit', edit),
  );
  await until(
    async () => {
      const rows = (await room.getContent())?.[0].honest;
      return clients.every((_, index) => rows?.[`of ${index}`]?.edit === edit);
    },
    {timeoutMs: PATIENCE_MS, intervalMs: 50, message: 'honest edits arrive'},
  );
  await expectSame(room, clients, PATIENCE_MS);
  expect(getComplaints()).toEqual([]);
};

/** The runtime's own words for a peer that is gone, and a body not read to its end. */
const HARMLESS =
  /disconnected: worker_do_not_log|Can't read from request stream after response/;

/** What the server has printed that it should not. */
const getComplaints = (): string[] =>
  server
    .getOutput()
    .split('\n')
    .filter(
      (line) => /Uncaught|Unhandled|fatal/i.test(line) && !HARMLESS.test(line),
    );

const sampleOf = <Thing>(arbitrary: fc.Arbitrary<Thing>, numRuns: number) =>
  fc.sample(arbitrary, {seed: SEED, numRuns});

describe('honest clients are served, and agree', () => {
  test(`while others send random frames (seed ${SEED})`, async () => {
    const hostile = await Promise.all([open(), open(), open(), open()]);
    const frames = sampleOf(arbitraryFrame, FRAMES);
    for (const [index, frame] of frames.entries()) {
      const which = index % hostile.length;
      if (hostile[which]!.readyState != WebSocket.OPEN) {
        hostile[which] = await open();
      }
      send(hostile[which]!, frame);
      if (index % 500 == 0) {
        await expectService();
      }
    }
    await expectService();
  });

  test(`while others send random bodies (seed ${SEED})`, async () => {
    const statuses = new Set<number>();
    for (const body of sampleOf(arbitraryContentText, 200)) {
      const response = await room.request('/store', {method: 'PUT', body});
      statuses.add(response.status);
      expect(await response.text()).not.toMatch(/\n\s*at |\/src\//);
    }
    expect([...statuses].sort()).toEqual([205, 400]);
    const huge = await room.request('/store', {
      method: 'PUT',
      body: `[{},{"v":"${'x'.repeat(40 * MIB)}"}]`,
    });
    expect(huge.status).toBe(413);
    await expectService();
  });

  test('while others say hello 10,000 times as fast as they can', async () => {
    const hostile = await Promise.all(Array.from({length: 20}, open));
    for (let i = 0; i < 10_000; i++) {
      const socket = hostile[i % hostile.length]!;
      send(socket, `h[1,"client ${i}","nonce ${i}","",0]`);
    }
    await expectService();
    await until(
      () => hostile.every(({readyState}) => readyState == WebSocket.CLOSED),
      {timeoutMs: PATIENCE_MS, message: 'who says hello too often is cut off'},
    );
    await expectService();
  });

  test('while others send 20,000 pushes, refused and not, and do not wait', async () => {
    const hostile = await Promise.all([open(), open()]);
    hostile.forEach((socket, index) =>
      send(socket, `h[1,"client ${index}","nonce","",0]`),
    );
    for (let i = 1; i <= 10_000; i++) {
      send(hostile[0], `p[${i},[{},{"flood":${i}},1]]`);
      send(hostile[1], `p[${i},[]]`);
    }
    await expectService();
    await until(() => clients[0]!.store.getValue('flood') == 10_000, {
      timeoutMs: PATIENCE_MS,
      message: 'what is valid is applied as anybody’s',
    });
  });

  test('while others send messages of over 1 MiB', async () => {
    const hostile = await open();
    send(hostile, 's' + 'x'.repeat(MIB));
    const fragments = await open();
    send(fragments, 'h[1,"client","nonce","",0]');
    for (let index = 0; index < 40; index++) {
      send(fragments, `f[1,${index},99]${'x'.repeat(900_000)}`);
    }
    await expectService();
  });

  test('while others send binary messages', async () => {
    const hostile = await open();
    for (let length = 0; length < 200; length++) {
      send(hostile, new Uint8Array(length).fill(112).buffer);
    }
    send(hostile, new TextEncoder().encode('s[{},{"v":1},1]').buffer);
    await expectService();
    expect(clients[0]!.store.hasValue('v')).toBe(false);
  });

  test('when 1,000 connections open, and drop at once', async () => {
    const hostile = Array.from({length: 1_000}, () => {
      const socket = new WebSocket(room.url.replace('http', 'ws'));
      sockets.add(socket);
      socket.on('error', () => {});
      return socket;
    });
    await until(
      () => hostile.filter(({readyState}) => readyState == 1).length > 900,
      {timeoutMs: PATIENCE_MS, message: 'most of 1,000 are open'},
    );
    hostile.forEach((socket, index) => {
      send(socket, `h[1,"client ${index}","nonce","",0]`);
      socket.terminate();
    });
    await expectService();
  });
});
