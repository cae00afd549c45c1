/** A mirror of rooms in a real `partykit dev`. */
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {
  createMirror,
  createSink,
  type MirrorOptions,
  type SinkEdits,
} from 'tinybase-partykit/mirror';
import {
  afterAll,
  beforeAll,
  describe,
  expect,
  onTestFinished,
  test,
} from 'vitest';
import {canonicalize} from '../support/content.js';
import {startClient} from '../support/halves.js';
import {createMemorySink, createSinkMemory} from '../support/memory-sink.js';
import type {PartyKitDev} from '../support/partykit-dev.js';
import {createTestRoom, startTestRooms} from '../support/test-room.js';
import {until} from '../support/until.js';

let dev: PartyKitDev;
beforeAll(async () => {
  dev = await startTestRooms();
});
afterAll(() => dev?.stop());

const start = async (
  options: Partial<MirrorOptions> & {room: MirrorOptions['room']},
  way: {wantsEachCommit?: boolean} = {},
) => {
  const memory = createSinkMemory();
  const errors: string[] = [];
  const mirror = createMirror({
    sink: createMemorySink(memory, way),
    onIgnoredError: (error) => errors.push(String(error)),
    ...options,
  });
  onTestFinished(() => mirror.stop());
  await mirror.start();
  return {mirror, memory, errors};
};

describe('following', () => {
  test('D2: what is there, and then all that happens, by itself', async () => {
    const room = createTestRoom(dev, 'ours');
    await room.putContent([{pets: {fido: {sold: false}}}, {open: true}]);
    const written: unknown[] = [];
    const {memory, errors, mirror} = await start(
      {room: `${room.url}/store`, onWritten: (one) => written.push(one)},
      {wantsEachCommit: true},
    );
    await until(() => memory.rows.has(room.name));
    const {store} = await startClient('ours', room);
    store.setRow('pets', 'felix', {tags: ['black', {lazy: true}]});
    store.delRow('pets', 'fido');
    store.setValue('open', null);
    await until(() => {
      const row = memory.rows.get(room.name)!;
      return (
        canonicalize(JSON.parse(row.content)) ==
        canonicalize(store.getContent())
      );
    });
    const {history, offset} = memory.rows.get(room.name)!;
    expect(history.at(0)!.after).toBeNull();
    history.slice(1).forEach((row, i) => {
      expect(row.after).toBe(history[i]!.offset);
      expect(row.time).toBeGreaterThan(Date.now() - 60_000);
    });
    expect(written.at(-1)).toMatchObject({
      room: room.name,
      position: {offset},
    });
    expect(mirror.getStatus()).toMatchObject({
      [room.name]: {state: 'following', position: {offset}},
    });
    expect(errors).toEqual([]);
  });

  test('D3: goes on after the server has crashed, and after a restart of its own', async () => {
    const own = await startTestRooms();
    onTestFinished(() => own.stop());
    const room = createTestRoom(own, 'ours');
    await room.putContent([{}, {count: 0}]);
    const url = `${room.url}/store`;
    const {memory, mirror} = await start({room: url}, {wantsEachCommit: true});
    const set = (count: number) => room.patch([{}, {count}, 1]);
    await set(1);
    await until(() => memory.rows.get(room.name)?.offset == 2);
    await own.restart();
    await set(2);
    await until(() => memory.rows.get(room.name)?.offset == 3, {
      timeoutMs: 20_000,
    });
    await mirror.stop();
    await set(3);
    await set(4);
    await mirror.start();
    await until(() => memory.rows.get(room.name)?.offset == 5);
    expect(
      memory.rows
        .get(room.name)!
        .history.map(({after}) => after)
        .slice(1),
    ).toEqual(
      [1, 2, 3, 4].slice(-memory.rows.get(room.name)!.history.length + 1),
    );
  });

  test('many rooms, each by its id', async () => {
    const rooms = Array.from({length: 12}, () => createTestRoom(dev, 'ours'));
    await Promise.all(
      rooms.map((room, i) => room.putContent([{}, {which: i}])),
    );
    const {memory} = await start({
      room: rooms.map(({url}, i) => ({id: `id ${i}`, url: `${url}/store`})),
    });
    await until(() => memory.rows.size == rooms.length);
    rooms.forEach((_, i) =>
      expect(JSON.parse(memory.rows.get(`id ${i}`)!.content)).toEqual([
        {},
        {which: i},
      ]),
    );
  });

  test('gathers commits for as long as it is told', async () => {
    const room = createTestRoom(dev, 'ours');
    await room.putContent([{}, {count: 0}]);
    const {memory} = await start({
      room: `${room.url}/store`,
      throttleMs: 300,
    });
    await until(() => memory.rows.has(room.name));
    const {store} = await startClient('ours', room);
    const before = memory.writes;
    for (let count = 1; count <= 20; count++) {
      store.setValue('count', count);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await until(() =>
      memory.rows.get(room.name)!.content.includes('"count":20'),
    );
    expect(memory.writes - before).toBeLessThanOrEqual(3);
  });
});

describe('what cannot be followed is told, with the remedy', () => {
  const expectError = async (
    room: MirrorOptions['room'],
    pattern: RegExp,
  ): Promise<void> => {
    const {errors} = await start({room});
    await until(() => errors.length > 0);
    expect(errors[0]).toMatch(pattern);
  };

  test('D7: a room that wants a token, until it gets one', async () => {
    const room = createTestRoom(dev, 'ours', {
      name: 'private-mirror',
      query: '?token=secret',
    });
    await room.putContent([{}, {open: false}]);
    const url = `${room.url}/store`;
    await expectError(url, /answers 40[13].*token/);
    let token = 'wrong';
    const {memory, errors} = await start({
      room: {url, headers: () => ({'X-Token': token})},
      fetch: (input, init) => {
        const {searchParams, href} = new URL(input as URL);
        const given = new Headers(init?.headers).get('X-Token');
        searchParams.set('token', given!);
        return fetch(`${href.split('?')[0]}?${searchParams}`, init);
      },
    });
    await until(() => errors.length > 0);
    token = 'secret';
    await until(() => memory.rows.has(room.name));
  });

  test('no room, but something else that answers', async () => {
    const server = createServer((_, response) => response.end('Hello'));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const {port} = server.address() as AddressInfo;
    await expectError(
      `http://127.0.0.1:${port}/parties/main/x/store`,
      /not with a live feed/,
    );
  });

  test('nobody there', () =>
    expectError(
      'http://127.0.0.1:9/parties/main/x/store',
      /cannot be reached/,
    ));

  test('TinyBase’s own room', () =>
    expectError(
      `${createTestRoom(dev, 'tinybase').url}/store`,
      /not with a live feed/,
    ));

  test('D10: options that are wrong are errors at once', () => {
    const sink = createMemorySink(createSinkMemory());
    const create = (options: object) => () => createMirror({sink, ...options});
    expect(create({room: 'my-room'})).toThrow(/https:\/\/HOST/);
    expect(create({room: 'ftp://x/parties/main/y'})).toThrow(/https: or http:/);
    expect(create({room: 'http://x/y'})).toThrow(/{id, url}/);
    expect(create({twoWay: true})).toThrow(/twoWay/);
    expect(create({followDiscovered: true})).toThrow(/getRoom/);
    expect(create({throttleMs: -1})).toThrow(/throttleMs/);
    expect(
      create({room: ['http://x/party/y/store', 'http://z/party/y/store']}),
    ).toThrow(/Two rooms are called y/);
    expect(() => createSink({} as any)).toThrow(/`read`/);
  });

  test('D10: a sink that cannot be opened keeps it from starting', async () => {
    const memory = createSinkMemory();
    memory.isDown = true;
    const mirror = createMirror({sink: createMemorySink(memory), room: []});
    await expect(mirror.start()).rejects.toThrow(/down/);
    memory.isDown = false;
    await mirror.start();
    await mirror.stop();
  });
});

describe('two ways', () => {
  /** A sink in memory with edits to be taken, and what was settled. */
  const createTwoWay = (edits: SinkEdits[]) => {
    const memory = createSinkMemory();
    const settled: [number, number][] = [];
    const inner = createMemorySink(memory);
    const sink = createSink({
      ...inner,
      twoWay: {
        listEdited: async () => (edits.length ? [...memory.rows.keys()] : []),
        take: async () => edits[0],
        settle: async (room, number, {epoch, offset}) => {
          const row = memory.rows.get(room)!;
          if (row.epoch != epoch || row.offset != offset) {
            return false;
          }
          settled.push([number, offset]);
          edits.shift();
          return true;
        },
      },
    });
    return {memory, sink, settled};
  };

  test('D12: edits reach the room once, and what it refuses is told', async () => {
    const room = createTestRoom(dev, 'ours', {ruled: true});
    await room.putContent([{pets: {fido: {price: 1}}}, {}]);
    const edits: SinkEdits[] = [];
    const {sink, memory, settled} = createTwoWay(edits);
    const errors: string[] = [];
    let lost = 0;
    const mirror = createMirror({
      sink,
      room: `${room.url}/store`,
      twoWay: true,
      pollMs: 10,
      onIgnoredError: (error) => errors.push(String(error)),
      fetch: async (input, init) => {
        const response = await fetch(input, init);
        if (init?.method == 'PATCH' && lost < 2) {
          lost++;
          await response.text();
          throw new TypeError('The answer is lost');
        }
        return response;
      },
    });
    onTestFinished(() => mirror.stop());
    await mirror.start();
    await until(() => memory.rows.has(room.name));
    edits.push(
      {
        clientId: 'sink',
        number: 1,
        changes: [{pets: {fido: {price: 2}}}, {}, 1],
      },
      {
        clientId: 'sink',
        number: 2,
        changes: [{pets: {felix: {price: 3}}}, {}, 1],
      },
      {
        clientId: 'sink',
        number: 3,
        changes: [{refused: {felix: {price: 3}}}, {}, 1],
      },
    );
    await until(() => !edits.length, {timeoutMs: 20_000});
    expect(lost).toBe(2);
    expect(settled.map(([number]) => number)).toEqual([1, 2, 3]);
    expect(errors.at(-1)).toMatch(/403.*Refused/);
    expect(JSON.parse(memory.rows.get(room.name)!.content)).toEqual([
      {pets: {fido: {price: 2}, felix: {price: 3}}},
      {},
    ]);
    // What was sent again has made no commit.
    await until(() => memory.rows.get(room.name)!.offset == 4);
    expect((await room.request('/store')).headers.get('ETag')).toContain('.4');
  });
});
