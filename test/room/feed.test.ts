/** The live feed of a real room, and who reads it. */
import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {connect} from 'node:net';
import {EventSource} from 'eventsource';
import {
  afterAll,
  beforeAll,
  describe,
  expect,
  onTestFinished,
  test,
} from 'vitest';
import {type FeedEvent, openFeed} from '../support/event-stream.js';
import {expectSoon} from '../support/expect-soon.js';
import {createFollowedStore} from '../support/followed-store.js';
import {
  getPendingCount,
  startClient,
  type TestClient,
} from '../support/halves.js';
import type {RoomServer} from '../support/room-server.js';
import {startTcpProxy} from '../support/tcp-proxy.js';
import {
  createTestRoom,
  startTestRooms,
  type TestRoom,
  type TestRoomOptions,
} from '../support/test-room.js';
import {until} from '../support/until.js';

const PATIENCE_MS = 15_000;

let server: RoomServer;
beforeAll(async () => {
  server = await startTestRooms();
});
afterAll(() => server?.stop());

const startRoom = async (options: TestRoomOptions = {}) => {
  const room = createTestRoom(server, 'ours', {party: 'bare', ...options});
  await room.putContent([{}, {start: 0}]);
  return {room, writer: await startClient('ours', room)};
};

const untilAnswered = (client: TestClient): Promise<unknown> =>
  until(() => !getPendingCount(client), {timeoutMs: PATIENCE_MS});

/** Opens a feed that ends with the test. */
const open = async (url: string, headers?: Record<string, string>) => {
  const stream = await openFeed(url, headers);
  onTestFinished(() => stream.leave());
  return stream;
};

/** Follows a room as an app would, with an EventSource; ends with the test. */
const follow = (url: string) => {
  const followed = createFollowedStore();
  const events: FeedEvent[] = [];
  const errors: unknown[] = [];
  const source = new EventSource(url);
  onTestFinished(() => source.close());
  for (const name of ['content', 'commit', 'reload']) {
    source.addEventListener(name, ({lastEventId, data}) => {
      const event = {name, id: lastEventId, data: JSON.parse(data)};
      events.push(event);
      try {
        followed.take(event);
      } catch (error) {
        errors.push(error);
      }
    });
  }
  return {source, followed, events, errors};
};

/** The follower has what the room has, and every step of the way. */
const expectFollowed = async (
  room: TestRoom,
  {followed, errors}: ReturnType<typeof follow>,
): Promise<void> => {
  await expectSoon(async () => {
    expect(followed.store.getContent()).toEqual(await room.getContent());
  }, PATIENCE_MS);
  expect(errors).toEqual([]);
};

describe('an EventSource', () => {
  test('V2, V3: has the content, and then what changes', async () => {
    const {room, writer} = await startRoom();
    const follower = follow(`${room.url}/store`);
    await until(() => follower.events.length);
    for (let i = 1; i <= 20; i++) {
      writer.store.setRow('pets', `${i}`, {tags: [i], name: `é\n${i}`});
      writer.store.delRow('pets', `${i - 2}`);
    }
    await untilAnswered(writer);
    await expectFollowed(room, follower);
    expect(follower.events[0]!.name).toBe('content');
  });

  test('V4: goes on where it was when its connection was cut', async () => {
    const {room, writer} = await startRoom();
    const proxy = await startTcpProxy(server.port);
    const follower = follow(
      `${room.url.replace(server.host, proxy.host)}/store?app=1`,
    );
    await until(() => follower.events.length == 1);
    writer.store.setValue('before', 1);
    await untilAnswered(writer);
    await expectFollowed(room, follower);
    proxy.cut();
    for (let i = 1; i <= 10; i++) {
      writer.store.setValue('meanwhile', i);
      await untilAnswered(writer);
    }
    proxy.resume();
    await expectFollowed(room, follower);
    writer.store.setValue('after', 1);
    await expectFollowed(room, follower);
    expect(follower.followed.reloads).toBe(0);
    // All that it missed is one event.
    expect(
      follower.followed.ranges.filter(([after, to]) => to - after == 10),
    ).toHaveLength(1);
  });

  test('V4, V8: goes on where it was when the room has crashed', async () => {
    const {room, writer} = await startRoom();
    const follower = follow(`${room.url}/store`);
    writer.store.setValue('before', 1);
    await untilAnswered(writer);
    await expectFollowed(room, follower);
    await server.kill();
    writer.store.setValue('meanwhile', 1);
    await server.restart();
    await untilAnswered(writer);
    await expectFollowed(room, follower);
    writer.store.setValue('after', 1);
    await untilAnswered(writer);
    await expectFollowed(room, follower);
    expect(follower.followed.reloads).toBe(0);
  });

  test('V1: is let in by a token in its query, and by nothing else', async () => {
    const room = createTestRoom(server, 'ours', {
      name: 'private-feed',
      query: '?token=secret',
    });
    const writer = await startClient('ours', room, {
      socket: {query: {token: 'secret'}},
    });
    const follower = follow(`${room.url}/store?token=secret`);
    writer.store.setValue('v', 1);
    await untilAnswered(writer);
    await expectFollowed(room, follower);
    const shutOut = follow(`${room.url}/store?token=wrong`);
    await until(() => shutOut.source.readyState == EventSource.CLOSED);
    expect(shutOut.events).toEqual([]);
  });
});

test('V1: a browser may read the feed from any origin', async () => {
  const {room} = await startRoom();
  const response = await fetch(`${room.url}/store`, {
    headers: {Accept: 'text/event-stream', Origin: 'https://app.example'},
  });
  const {headers} = response;
  expect(headers.get('Access-Control-Allow-Origin')).toBe('*');
  expect(headers.get('Content-Type')).toBe('text/event-stream');
  expect(headers.get('Cache-Control')).toBe('no-cache');
  expect(headers.get('X-Accel-Buffering')).toBe('no');
  expect(headers.get('Vary')).toMatch(/\bAccept\b/);
  await response.body!.cancel();
});

test.skipIf(!existsSync('/usr/bin/curl'))(
  'V3: curl prints events as they come',
  async () => {
    const {room, writer} = await startRoom();
    const curl = spawn('/usr/bin/curl', [
      ...['--no-buffer', '--silent', '--header', 'Accept: text/event-stream'],
      `${room.url}/store`,
    ]);
    onTestFinished(() => void curl.kill());
    let output = '';
    curl.stdout.on('data', (data: Buffer) => (output += data.toString()));
    await until(() => output.includes('event: content'));
    expect(output).toMatch(
      /^retry: 1000\n\nevent: content\nid: \w+\.1\ndata: /,
    );
    for (let i = 1; i <= 3; i++) {
      writer.store.setValue('v', i);
      await until(() => output.includes(`[[{},{"v":${i}},1]]}\n\n`));
    }
  },
);

test('V7: a reader that stops reading is cut off, and harms nobody', async () => {
  const LENGTH = 400_000;
  const COUNT = 80;
  const {room, writer} = await startRoom({party: 'limited'});
  const quick = await open(`${room.url}/store`);

  const slow = connect(server.port, '127.0.0.1');
  onTestFinished(() => void slow.destroy());
  let text = '';
  let hasEnded = false;
  slow.on('error', () => {});
  slow.on('close', () => {
    hasEnded = true;
  });
  slow.on('data', (data: Buffer) => (text += data.toString('latin1')));
  slow.write(
    `GET /parties/limited/${room.name}/store HTTP/1.1\r\n` +
      `Host: ${server.host}\r\nAccept: text/event-stream\r\n\r\n`,
  );
  await until(() => text.includes('event: content'));
  slow.pause();

  for (let i = 1; i <= COUNT; i++) {
    writer.store.setValue('v', `${i}:`.padEnd(LENGTH, 'x'));
    await untilAnswered(writer);
  }
  await until(() => quick.events.length == COUNT + 1, {timeoutMs: PATIENCE_MS});
  expect(quick.ended).toBe(undefined);

  slow.resume();
  await until(() => hasEnded, {
    timeoutMs: PATIENCE_MS,
    message: () => `the slow one ends, which has ${text.length}`,
  });
  expect(text.length).toBeLessThan((COUNT * LENGTH * 3) / 4);
  // The last event need not be whole.
  const [, id] = [...text.matchAll(/\nid: (\S+)\n/g)].at(-2)!;
  const again = await open(`${room.url}/store`, {'Last-Event-ID': id!});
  await until(() => again.events.length);
  expect(again.events.at(-1)!.data.offset).toBe(COUNT + 1);
  writer.store.setValue('w', 1);
  await until(() => again.events.at(-1)!.data.offset == COUNT + 2);
  await until(() => quick.events.length == COUNT + 2);
});

describe('the history of a real room', () => {
  test('V10, V11, V13: is told to who may know it', async () => {
    const {room, writer} = await startRoom({party: 'history'});
    for (let i = 1; i <= 5; i++) {
      writer.store.setValue('v', i);
      await untilAnswered(writer);
    }
    expect((await room.request('/store?since=1')).status).toBe(403);
    const response = await room.request('/store?since=1&limit=3&token=secret');
    const commits = await response.json();
    expect(commits.map(({changes}: any) => changes)).toEqual(
      [1, 2, 3].map((v) => [[{}, {v}, 1]]),
    );
    const link = response.headers.get('Link')!;
    const next = await room.request(
      `/store${link.slice(1, link.indexOf('>'))}`,
    );
    expect(await next.json()).toHaveLength(2);
    expect(next.headers.get('Link')).toBe(null);
    const past = await room.request('/store?at=3&token=secret');
    expect(await past.json()).toEqual([{}, {start: 0, v: 2}]);
    const gone = await room.request('/store?at=9&token=secret');
    expect(gone.status).toBe(410);
  });
});
