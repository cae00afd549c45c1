/** Rules of the protocol that only a real server proves, in raw frames. */
import {WebSocket} from 'ws';
import {
  afterAll,
  beforeAll,
  describe,
  expect,
  onTestFinished,
  test,
} from 'vitest';
import type {RoomServer} from '../support/room-server.js';
import {
  createTestRoom,
  startTestRooms,
  type TestRoom,
} from '../support/test-room.js';
import {until} from '../support/until.js';

let server: RoomServer;
beforeAll(async () => {
  server = await startTestRooms();
});
afterAll(() => server?.stop());

/** A socket that says and hears frames, and nothing by itself. */
const connect = async ({url}: TestRoom) => {
  const socket = new WebSocket(url.replace('http', 'ws'));
  const heard: string[] = [];
  let closed: number | undefined;
  socket.on('message', (data) => heard.push(String(data)));
  socket.on('close', (code) => {
    closed = code;
  });
  onTestFinished(() => socket.terminate());
  await until(() => socket.readyState == socket.OPEN, {message: 'open'});

  /** The next frame with this letter. */
  const hear = async (letter: string): Promise<any> => {
    const index = await until(
      () => heard.findIndex((frame) => frame[0] == letter) + 1,
      {message: () => `a frame ${letter}, but heard ${heard.join(' ')}`},
    );
    const [frame] = heard.splice(index - 1, 1) as [string];
    return JSON.parse(frame.slice(1));
  };
  const say = (frame: string): void => socket.send(frame);
  return {
    socket,
    heard,
    say,
    hear,
    push: (mutationId: number, values: object) =>
      say(`p${JSON.stringify([mutationId, [{}, values, 1]])}`),
    /** Says hello, and gives what the welcome says after the nonce. */
    greet: async (clientId: string, epoch = '', offset = 0) => {
      const nonce = `nonce of ${clientId}`;
      say(`h${JSON.stringify([1, clientId, nonce, epoch, offset])}`);
      for (;;) {
        const [, welcomed, ...welcome] = await hear('w');
        if (welcomed == nonce) {
          const [atEpoch, atOffset, answer, delta, mark] = welcome;
          return {epoch: atEpoch, offset: atOffset, answer, delta, mark};
        }
      }
    },
    untilClosed: () => until(() => closed, {message: 'closed'}),
  };
};

/** A room with a Store, and where it stands. */
const createRoom = async () => {
  const room = createTestRoom(server, 'ours');
  await room.putContent([{}, {start: 0}]);
  const etag = (await room.request('/store')).headers.get('ETag')!;
  const [, epoch] = /^"(\w+)\.1"$/.exec(etag)!;
  return {room, epoch: epoch!};
};

describe('a real room', () => {
  test('J2, P6: welcomes, commits and answers', async () => {
    const {room, epoch} = await createRoom();
    const [a, b] = [await connect(room), await connect(room)];
    const {mark, ...welcome} = await a.greet('a', epoch, 1);
    expect(welcome).toEqual({epoch, offset: 1, answer: [0], delta: []});
    await b.greet('b', epoch, 1);
    a.push(1, {v: 1});
    expect(await a.hear('c')).toEqual([2, 0, {[mark]: [1]}]);
    expect(await b.hear('c')).toEqual([2, [[{}, {v: 1}, 1]]]);
    const late = await connect(room);
    expect(await late.greet('late', epoch, 1)).toMatchObject({
      offset: 2,
      answer: [0],
      delta: [[{}, {v: 1}, 1]],
    });
  });

  test('P3: closes the socket of a push that skips an id', async () => {
    const {room, epoch} = await createRoom();
    const a = await connect(room);
    await a.greet('a', epoch, 1);
    a.push(1, {v: 1});
    await a.hear('c');
    a.push(3, {v: 3});
    expect(await a.untilClosed()).toBe(4409);
    expect(await room.getContent()).toEqual([{}, {start: 0, v: 1}]);
  });

  test('F2: closes the socket of fragments out of order', async () => {
    const {room, epoch} = await createRoom();
    const a = await connect(room);
    await a.greet('a', epoch, 1);
    a.say('f[1,1,2]x');
    expect(await a.untilClosed()).toBe(4400);
  });

  test('F2: takes the longest push, in fragments', async () => {
    const {room, epoch} = await createRoom();
    const a = await connect(room);
    const {mark} = await a.greet('a', epoch, 1);
    const text = JSON.stringify([{}, {v: '\u20AC'.repeat(2_000_000)}, 1]);
    const count = Math.ceil(text.length / 256_000);
    for (let index = 0; index < count; index++) {
      const piece = text.slice(index * 256_000, (index + 1) * 256_000);
      a.say(`f[1,${index},${count}]${piece}`);
    }
    expect(await a.hear('c')).toEqual([2, 0, {[mark]: [1]}]);
    const [, values] = (await room.getContent())!;
    expect(values['v'] === '\u20AC'.repeat(2_000_000)).toBe(true);
  });

  test('K2: tells what arrives at once as one commit', async () => {
    const {room, epoch} = await createRoom();
    const [a, b] = [await connect(room), await connect(room)];
    await a.greet('a', epoch, 1);
    await b.greet('b', epoch, 1);
    await room.takeStorageCounts();
    for (let id = 1; id <= 200; id++) {
      a.push(id, {[`v${id}`]: id});
    }
    await until(async () => (await b.hear('c'))[0] == 201);
    const {keysWritten} = await room.takeStorageCounts();
    expect(keysWritten).toBeLessThan(100);
  });

  test('F3: tells nobody the id of a client', async () => {
    const {room, epoch} = await createRoom();
    const [a, b] = [await connect(room), await connect(room)];
    await a.greet('secret', epoch, 1);
    await b.greet('b', epoch, 1);
    a.push(1, {v: 1});
    b.push(1, {w: 1});
    await until(async () => (await b.hear('c'))[0] == 3);
    const frames = b.heard.join() + JSON.stringify(await room.getContent());
    expect(frames).not.toContain('secret');
  });
});

describe('a real room that crashes', () => {
  test('K1, P2: has what it answered, and takes none of it twice', async () => {
    const {room, epoch} = await createRoom();
    const [a, b] = [await connect(room), await connect(room)];
    await a.greet('a', epoch, 1);
    await b.greet('b', epoch, 1);
    a.push(1, {v: 'a'});
    await a.hear('c');
    b.push(1, {v: 'b'});
    await until(async () => (await b.hear('c'))[0] == 3);
    await server.restart();

    expect(await room.getContent()).toEqual([{}, {start: 0, v: 'b'}]);
    const again = await connect(room);
    const {mark, ...welcome} = await again.greet('a', epoch, 2);
    expect(welcome).toEqual({
      epoch,
      offset: 3,
      answer: [1],
      delta: [[{}, {v: 'b'}, 1]],
    });
    again.push(1, {v: 'a'});
    again.push(2, {w: 'a'});
    await until(async () => {
      const [, , answers] = await again.hear('c');
      return answers[mark][0] == 2;
    });
    expect(await room.getContent()).toEqual([{}, {start: 0, v: 'b', w: 'a'}]);
  });

  test('J5: tells a refusal of which the answer was lost', async () => {
    const room = createTestRoom(server, 'ours', {ruled: true});
    await room.putContent([{}, {start: 0}]);
    const a = await connect(room);
    await a.greet('a');
    a.push(1, {refused: 1, fine: 1});
    await until(async () => (await room.getContent())?.[1]['fine'] === 1);
    await server.restart();
    const again = await connect(room);
    expect((await again.greet('a')).answer).toEqual([1, 1]);
  });
});

describe('HTTP of a real room', () => {
  test('H1: gives 304 for what one has, and HEAD without a body', async () => {
    const {room} = await createRoom();
    const response = await room.request('/store');
    const etag = response.headers.get('ETag')!;
    expect(await response.json()).toEqual([{}, {start: 0}]);
    const same = await room.request('/store', {
      headers: {'If-None-Match': etag},
    });
    expect([same.status, await same.text()]).toEqual([304, '']);
    const head = await room.request('/store', {method: 'HEAD'});
    expect([head.status, head.headers.get('ETag')]).toEqual([200, etag]);
    expect(await head.text()).toBe('');
  });

  test('H2, H4: tells what became of a PUT, and of other methods', async () => {
    const {room} = await createRoom();
    const put = (body: string) => room.request('/store', {method: 'PUT', body});
    expect((await put('[{},{}]')).status).toBe(205);
    expect((await put('nonsense')).status).toBe(400);
    const deleted = await room.request('/store', {method: 'DELETE'});
    expect([deleted.status, deleted.headers.get('Allow')]).toEqual([
      405,
      'GET, HEAD, PUT, OPTIONS, PATCH',
    ]);
    expect(await room.getContent()).toEqual([{}, {start: 0}]);
  });

  test('H5: lets a browser of another origin in', async () => {
    const {room} = await createRoom();
    const preflight = await room.request('/store', {
      method: 'OPTIONS',
      headers: {
        Origin: 'https://app.example',
        'Access-Control-Request-Method': 'PUT',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('Access-Control-Allow-Origin')).toBe('*');
    expect(preflight.headers.get('Access-Control-Allow-Methods')).toMatch(
      /^\*$|PUT/,
    );
    const response = await room.request('/store');
    expect(response.headers.get('Access-Control-Expose-Headers')).toBe('ETag');
  });

  test('S1: writes one key for a push of many Cells', async () => {
    const {room, epoch} = await createRoom();
    const a = await connect(room);
    await a.greet('a', epoch, 1);
    await room.takeStorageCounts();
    const values = Object.fromEntries(
      Array.from({length: 1_000}, (_, id) => [`v${id}`, id]),
    );
    a.push(1, values);
    await a.hear('c');
    expect(await room.takeStorageCounts()).toMatchObject({
      keysWritten: 1,
      keysDeleted: 0,
      listCalls: 0,
    });
  });
});
