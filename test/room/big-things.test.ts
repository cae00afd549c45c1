/** What is big gets through whole; what is too big is refused, and told. */
import type {Content, Table} from 'tinybase';
import {createStore} from 'tinybase';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {expectSoon} from '../support/expect-soon.js';
import {
  createClient,
  expectSame,
  getPendingCount,
  startClient,
  untilOpen,
  type TestClient,
} from '../support/halves.js';
import type {RoomServer} from '../support/room-server.js';
import {startTcpProxy} from '../support/tcp-proxy.js';
import {
  createTestRoom,
  HALVES,
  startTestRooms,
  type TestRoom,
} from '../support/test-room.js';
import {testWhere} from '../support/test-where.js';
import {until} from '../support/until.js';

const MAX_PUSH_LENGTH = 8_000_000;
const MAX_CONTENT_LENGTH = 32_000_000;
/** What our client trusts TinyBase's own room with. */
const MAX_LEGACY_LENGTH = 340_000;
/** Past that the platform closes the socket, or leaves it deaf. */
const MAX_FRAME_BYTES = 1_048_576;
const PATIENCE_MS = 20_000;

let server: RoomServer;
beforeAll(async () => {
  server = await startTestRooms();
});
afterAll(() => server?.stop());

/** Notes the frames that a client sends from now on. */
const recordFrames = ({socket}: TestClient): string[] => {
  const frames: string[] = [];
  const send = socket.send.bind(socket);
  socket.send = (frame) => {
    frames.push(String(frame));
    return send(frame);
  };
  return frames;
};

/** The codes that a client's connections were closed with. */
const recordCloses = ({socket}: TestClient): number[] => {
  const codes: number[] = [];
  socket.addEventListener('close', ({code}) => codes.push(code));
  return codes;
};

/** A Table of about so many UTF-16 units, in Cells of a thousand. */
const createBigTable = (length: number): Table => {
  const table: Table = {};
  for (let row = 0; row < length / 10_120; row++) {
    table[row] = Object.fromEntries(
      Array.from({length: 10}, (_, cell) => [
        `c${cell}`,
        `${row}`.padStart(1_000, '-'),
      ]),
    );
  }
  return table;
};

/** A Row whose change is exactly so long on its way, in UTF-16 units. */
const createRowOfPush = (
  pushLength: number,
  letter = 'x',
): Record<string, string> => {
  const row: Record<string, string> = {};
  const getLength = (): number => JSON.stringify([{t: {r: row}}, {}, 1]).length;
  for (let cell = 0; getLength() < pushLength; cell++) {
    row[`c${cell}`] = '';
    row[`c${cell}`] = letter.repeat(
      Math.min(pushLength - getLength(), 100_000),
    );
  }
  expect(getLength()).toBe(pushLength);
  return row;
};

/** A crash tells clients of failed requests; nothing else may be told. */
const isNoNetworkError = (error: unknown): boolean =>
  !/fetch failed/.test(String(error));

/** Each client writes, and the other has to get it: all goes on. */
const expectAlive = async (
  room: TestRoom,
  clients: TestClient[],
): Promise<Content> => {
  clients.forEach(({store}, index) => store.setValue(`alive ${index}`, index));
  await expectSoon(
    () =>
      clients.forEach(({store}) =>
        expect(Object.keys(store.getValues())).toEqual(
          expect.arrayContaining(clients.map((_, index) => `alive ${index}`)),
        ),
      ),
    PATIENCE_MS,
  );
  return await expectSame(room, clients, PATIENCE_MS);
};

['ours', 'bare'].forEach((party) =>
  test(
    `F2 S4 a Cell of 1 MB, a transaction of 5 MB, content of 20 MB (${party})`,
    {timeout: 90_000},
    async () => {
      const room = createTestRoom(server, 'ours', {party});
      const a = createClient('ours', room);
      await untilOpen(a);
      const frames = recordFrames(a);
      const closes = recordCloses(a);
      await a.persister.startAutoPersisting([
        {initial: createBigTable(20_000_000)},
        {},
      ]);
      const b = await startClient('ours', room);
      expect(b.store.getRowCount('initial')).toBeGreaterThan(1_900);
      expect(b.store.getContent()).toEqual(a.store.getContent());

      const cell = 'c'.repeat(1_000_000);
      a.store.setCell('t', 'r', 'big', cell);
      a.store.setTable('transaction', createBigTable(5_000_000));
      await expectSoon(
        () => expect(b.store.getRowCount('transaction')).toBeGreaterThan(490),
        PATIENCE_MS,
      );
      expect(b.store.getCell('t', 'r', 'big')).toBe(cell);
      const fragments = frames.filter((frame) => frame.startsWith('f'));
      expect(fragments.length).toBeGreaterThan(20);
      expect(closes).toEqual([]);

      await server.restart();
      const c = await startClient('ours', room);
      const [tables] = await expectAlive(room, [a, b, c]);
      expect(Object.keys(tables)).toEqual(['initial', 't', 'transaction']);
      expect(tables['t']).toEqual({r: {big: cell}});
      [a, b, c].forEach(({errors}) =>
        expect(errors.filter(isNoNetworkError)).toEqual([]),
      );
    },
  ),
);

test(
  'F2 S4 text that is longer in bytes, and surrogate pairs where it is cut',
  {timeout: 60_000},
  async () => {
    const room = createTestRoom(server, 'ours');
    const a = await startClient('ours', room);
    const b = await startClient('ours', room);
    const frames = recordFrames(a);
    const row = {
      threeBytes: '鍵'.repeat(700_000),
      // One of the two is cut in the middle of a pair, whatever is before it.
      pairs: '🙂'.repeat(300_000),
      shifted: '-' + '🙂'.repeat(300_000),
      escaped: '"\\\n\u0000'.repeat(50_000),
    };
    Object.entries(row).forEach(([id, cell]) =>
      a.store.setCell('t', 'r', id, cell),
    );
    await expectSoon(
      () => expect(b.store.getRow('t', 'r')).toEqual(row),
      PATIENCE_MS,
    );
    const sizes = frames.map((frame) => new TextEncoder().encode(frame).length);
    expect(Math.max(...sizes)).toBeLessThan(MAX_FRAME_BYTES);
    expect(Math.max(...sizes)).toBeGreaterThan(MAX_FRAME_BYTES / 2);

    await server.restart();
    const c = await startClient('ours', room);
    await expectAlive(room, [a, b, c]);
    expect(c.store.getRow('t', 'r')).toEqual(row);
  },
);

test(
  'F2 C5 the longest push arrives, one unit more is rolled back and told',
  {timeout: 60_000},
  async () => {
    const room = createTestRoom(server, 'ours');
    const a = await startClient('ours', room);
    const b = await startClient('ours', room);
    const longest = createRowOfPush(MAX_PUSH_LENGTH);
    a.store.setRow('t', 'r', longest);
    a.store.setRow('t', 'r', createRowOfPush(MAX_PUSH_LENGTH + 1, 'y'));
    a.store.setCell('t', 'later', 'c', 1);
    await expectSoon(() => expect(getPendingCount(a)).toBe(0), PATIENCE_MS);
    expect(a.errors).toEqual([expect.objectContaining({name: 'RefusedError'})]);
    expect(a.store.getTables()).toEqual({t: {r: longest, later: {c: 1}}});
    await expectAlive(room, [a, b]);

    await server.restart();
    const c = await startClient('ours', room);
    await expectAlive(room, [a, b, c]);
    expect(c.store.getTables()).toEqual({t: {r: longest, later: {c: 1}}});
    expect(b.errors.filter(isNoNetworkError)).toEqual([]);
  },
);

test(
  'H4 content that is too long is told, and all else goes on',
  {timeout: 60_000},
  async () => {
    const room = createTestRoom(server, 'ours');
    const big = createBigTable(MAX_CONTENT_LENGTH + 1_000_000);
    const store = createStore().setTable('big', big);
    const a = createClient('ours', room, {store});
    await untilOpen(a);
    await a.persister.startAutoPersisting();
    expect(a.errors).toEqual([expect.objectContaining({status: 413})]);
    expect(a.store.getRowCount('big')).toBeGreaterThan(0);
    const b = await startClient('ours', room);
    const [tables] = await expectAlive(room, [a, b]);
    expect(tables).toEqual({});
    expect(a.errors).toHaveLength(1);
  },
);

test('F2 H4 a room with narrower limits refuses what is beyond them', async () => {
  const room = createTestRoom(server, 'ours', {party: 'limited'});
  const store = createStore().setTable('big', createBigTable(1_100_000));
  const a = createClient('ours', room, {store});
  await untilOpen(a);
  const closes = recordCloses(a);
  await a.persister.startAutoPersisting();
  expect(a.errors.splice(0)).toEqual([expect.objectContaining({status: 413})]);
  const b = await startClient('ours', room);
  const longest = createRowOfPush(500_000);
  a.store.setRow('t', 'r', longest);
  a.store.setRow('t', 'r', createRowOfPush(500_001, 'y'));
  a.store.setCell('t', 'later', 'c', 1);
  const [tables] = await expectAlive(room, [a, b]);
  expect(tables).toEqual({t: {r: longest, later: {c: 1}}});
  expect(a.errors).toEqual([expect.objectContaining({name: 'RefusedError'})]);
  expect(closes).toEqual([]);
});

test(
  'C8 all that was written offline arrives, and what is beyond is told',
  {timeout: 60_000},
  async () => {
    const proxy = await startTcpProxy(server.port);
    const room = createTestRoom(server, 'ours');
    const a = await startClient('ours', room, {host: proxy.host});
    const b = await startClient('ours', room);
    proxy.cut();
    await until(() => a.socket.readyState != a.socket.OPEN);
    const rows = ['0', '1', '2', '3', '4', '5', '6', '7', '8'];
    rows.forEach((id) =>
      a.store.setRow('t', id, createRowOfPush(7_500_000, id)),
    );
    expect(getPendingCount(a)).toBe(9);
    a.store.setCell('t', 'later', 'c', 1);
    proxy.resume();
    await untilOpen(a);
    const closes = recordCloses(a);
    await expectSoon(() => expect(getPendingCount(a)).toBe(0), PATIENCE_MS);
    const [tables] = await expectAlive(room, [a, b]);
    expect(Object.keys(tables['t']!).sort()).toEqual([
      ...rows.slice(0, 8),
      'later',
    ]);
    expect(a.errors).toEqual([expect.objectContaining({name: 'RefusedError'})]);
    expect(closes).toEqual([]);
  },
);

test("L1 TinyBase's client gets and sends what is big", async () => {
  const room = createTestRoom(server, 'ours');
  const ours = await startClient('ours', room);
  const tinybase = await startClient('tinybase', room);
  ours.store.setTable('ours', createBigTable(5_000_000));
  tinybase.store.setCell('t', 'r', 'tinybase', 'c'.repeat(900_000));
  await expectAlive(room, [ours, tinybase]);
  expect(tinybase.store.getRowCount('ours')).toBeGreaterThan(490);
  expect(String(ours.store.getCell('t', 'r', 'tinybase'))).toHaveLength(
    900_000,
  );
});

testWhere(HALVES.includes('tinybase'))(
  "L4 C5 TinyBase's room gets what it takes, the rest is told",
  async () => {
    const room = createTestRoom(server, 'tinybase');
    await room.putContent([{t: {there: {c: 1}}}, {}]);
    const a = await startClient('ours', room);
    const b = await startClient('tinybase', room);
    const longest = createRowOfPush(MAX_LEGACY_LENGTH);
    a.store.setRow('t', 'r', longest);
    a.store.setRow('t', 'r', createRowOfPush(MAX_LEGACY_LENGTH + 1, 'y'));
    await expectSoon(() => expect(getPendingCount(a)).toBe(0));
    expect(a.errors).toEqual([expect.objectContaining({name: 'RefusedError'})]);
    await expectAlive(room, [a, b]);
    expect(b.store.getRow('t', 'r')).toEqual(longest);
  },
);
