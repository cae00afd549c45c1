/** An app that is written for partyserver, on a workerd of today. */
import {once} from 'node:events';
import type {ChangesError} from 'tinybase-partykit/client';
import {afterAll, beforeAll, beforeEach, expect, test} from 'vitest';
import {WebSocket} from 'ws';
import {startChaoticReceiver} from '../support/chaotic-receiver.js';
import {openFeed} from '../support/event-stream.js';
import {expectSoon} from '../support/expect-soon.js';
import {
  expectSame,
  getPendingCount,
  startClient,
  type TestClient,
} from '../support/halves.js';
import {createRandomInteger} from '../support/random-edits.js';
import {OBJECT_STORAGE} from '../support/platform.js';
import {createTestRoom, type TestRoom} from '../support/test-room.js';
import {until} from '../support/until.js';
import {SECRET} from '../support/webhook-requests.js';
import {startWorkerd, type Workerd} from '../support/workerd.js';

let server: Workerd;
let receiver: Awaited<ReturnType<typeof startChaoticReceiver>>;
let room: TestRoom;
let lastRoom = 0;

beforeAll(async () => {
  receiver = await startChaoticReceiver(createRandomInteger(1));
  receiver.calmDown();
  server = await startWorkerd({
    code: `export * from './test/partyserver/rooms/board.ts';
           export {default} from './test/partyserver/rooms/board.ts';`,
    objects: {Board: 'Board'},
    storage: OBJECT_STORAGE,
    vars: {
      USERS: {'token-a': 'alice', 'token-b': 'bob'},
      WEBHOOK_URL: `${receiver.url}/board`,
      WEBHOOK_SECRET: SECRET,
    },
  });
});

beforeEach(() => {
  room = createTestRoom(server, 'ours', {
    name: `board-${++lastRoom}`,
    party: 'board',
    query: '?token=token-a',
  });
});

afterAll(async () => {
  await server?.stop();
  await receiver?.stop();
});

const start = (token: string): Promise<TestClient> =>
  startClient('ours', room, {socket: {query: {token}}});

const evict = async (): Promise<void> =>
  expect(await server.evict('Board', room.name)).toBe(true);

/** What the room has told to be refused. */
const getRefused = ({errors}: TestClient) =>
  errors.flatMap((error) => {
    const {name, changes} = error as ChangesError;
    return name == 'RefusedError' ? changes : [];
  });

const getEvents = () =>
  receiver
    .getReceiver('/board')
    .events.filter(({data}) => data.room == room.name);

test('the Worker shuts out who has no token, both ways', async () => {
  const url = `${room.url}/store?token=guessed`;
  expect((await fetch(url)).status).toBe(401);
  const socket = new WebSocket(url.replace('http', 'ws'));
  const [, response] = await once(socket, 'unexpected-response');
  expect(response.statusCode).toBe(401);
  socket.on('error', () => {}).terminate();
  const elsewhere = await fetch(`http://${server.host}/elsewhere`);
  expect(elsewhere.status).toBe(404);
});

test('hooks know who it is, also when the room has slept', async () => {
  const [alice, bob] = [await start('token-a'), await start('token-b')];
  alice.store.setCell('notes', 'alice', 'text', 'mine');
  await expectSame(room, [alice, bob]);
  for (const sleeps of [false, true]) {
    if (sleeps) {
      await evict();
    }
    bob.store.setCell('notes', 'alice', 'text', `Bob's, ${sleeps}`);
    bob.store.delRow('notes', 'alice');
    bob.store.setCell('notes', 'bob', 'slept', sleeps);
    await until(() => !getPendingCount(bob));
    expect(await expectSame(room, [alice, bob])).toEqual([
      {notes: {alice: {text: 'mine'}, bob: {slept: sleeps}}},
      {},
    ]);
    expect(getRefused(bob)).toHaveLength(sleeps ? 4 : 2);
  }
  expect(getRefused(alice)).toEqual([]);
});

test('a commit says whose it was, in the feed and in webhooks', async () => {
  const [alice, bob] = [await start('token-a'), await start('token-b')];
  await expectSame(room, [alice, bob]);
  const feed = await openFeed(`${room.url}/store?token=token-a`);
  await until(() => feed.events.length);
  alice.store.setCell('notes', 'alice', 'n', 1);
  await until(() => !getPendingCount(alice));
  bob.store.setCell('notes', 'bob', 'n', 2);
  await until(() => !getPendingCount(bob));
  const patched = await fetch(`${room.url}/store?token=token-b`, {
    method: 'PATCH',
    body: '[{"notes":{"bob":{"n":3}}},{},1]',
  });
  expect(patched.status).toBe(200);
  const authors = ['alice', 'bob', 'bob'];
  await until(() => feed.events.length > authors.length);
  await feed.leave();
  expect(feed.events.slice(1).map(({data}) => data.author)).toEqual(authors);
  await expectSoon(() =>
    expect(
      getEvents().flatMap(({data}) =>
        (data.changes ?? []).flatMap(({author}) => author ?? []),
      ),
    ).toEqual(expect.arrayContaining(authors)),
  );
});

test('messages, requests and keys of the app are left alone', async () => {
  const bob = await start('token-b');
  const heard: string[] = [];
  bob.socket.addEventListener('message', ({data}) => heard.push(String(data)));
  bob.socket.send('who am I?');
  await until(() => heard.includes(`you are bob in ${room.name}`));
  const getStarts = async (): Promise<unknown> =>
    await (await room.request('/starts')).json();
  expect(await getStarts()).toBe(1);
  await evict();
  bob.socket.send('who am I?');
  await until(() => heard.length >= 2);
  expect(await getStarts()).toBe(2);
  expect((await room.request('/else')).status).toBe(404);
  bob.store.setCell('notes', 'bob', 'n', 1);
  await expectSame(room, [bob]);
  expect(bob.errors).toEqual([]);
});

test('a method that is called by RPC tells everyone', async () => {
  const announce = async (text: string): Promise<void> => {
    const query = new URLSearchParams({room: room.name, text});
    const response = await fetch(`http://${server.host}/announce?${query}`);
    expect(response.status).toBe(200);
  };
  // The first to come at all, and the first after a sleep.
  await announce('first');
  const clients = [await start('token-a'), await start('token-b')];
  expect(await expectSame(room, clients)).toEqual([
    {},
    {announcement: 'first'},
  ]);
  await evict();
  await announce('second');
  await expectSoon(() =>
    clients.forEach(({store}) =>
      expect(store.getValue('announcement')).toBe('second'),
    ),
  );
  await expectSame(room, clients);
});

test('an alarm of its own rings beside webhooks, over sleep and crash', async () => {
  const alice = await start('token-a');
  // The receiver is down: the room's own alarm is set, too.
  receiver.behave((request) => void request.socket.destroy());
  for (const [index, disturb] of [evict, server.restart].entries()) {
    alice.store.setCell('notes', 'alice', 'n', index);
    await until(() => !getPendingCount(alice));
    expect((await room.request('/remind', {method: 'POST'})).status).toBe(200);
    await disturb();
    await expectSoon(
      () => expect(alice.store.getValue('reminders')).toBe(index + 1),
      10_000,
    );
  }
  receiver.behave(undefined);
  const etag = (await room.request('/store')).headers.get('etag');
  const offset = Number(/\.(\d+)"/.exec(etag ?? '')?.[1]);
  await expectSoon(
    () => expect(getEvents().at(-1)?.data.toOffset).toBe(offset),
    20_000,
  );
  let last = 0;
  for (const {data} of getEvents()) {
    expect(data.fromOffset, 'nothing is missed, and nothing told twice').toBe(
      last,
    );
    last = data.toOffset;
  }
});
