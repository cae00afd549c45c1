/** Between any two steps of a session the room may sleep: nothing changes. */
import {createStore, type Store} from 'tinybase';
import {afterAll, beforeAll, expect, onTestFinished, test} from 'vitest';
import {expectSoon} from '../support/expect-soon.js';
import {
  createClient,
  getPendingCount,
  untilOpen,
  type TestClient,
} from '../support/halves.js';
import {IDLE_MS, letSleep} from '../support/let-sleep.js';
import {createNodeSocket} from '../support/node-socket.js';
import type {RoomServer} from '../support/room-server.js';
import {
  createTestRoom,
  startTestRooms,
  type Half,
  type TestRoom,
} from '../support/test-room.js';
import {until} from '../support/until.js';

/** Many rooms do the same at once. */
const PATIENCE_MS = 10_000;

let server: RoomServer;
beforeAll(async () => {
  server = await startTestRooms();
});
afterAll(() => server?.stop());

class Scene {
  readonly room: TestRoom;
  /** What everybody is to have in the end. */
  readonly model = createStore();
  readonly clients: TestClient[] = [];
  /** How often a client's socket has opened. */
  readonly opens: number[] = [];

  constructor() {
    this.room = createTestRoom(server, 'ours', {ruled: true});
  }

  async connect(half: Half): Promise<TestClient> {
    const client = createClient(half, this.room);
    const index = this.clients.push(client) - 1;
    this.opens[index] = 0;
    client.socket.addEventListener('open', () => this.opens[index]!++);
    await untilOpen(client);
    return client;
  }

  edit(index: number, edit: (store: Store) => void): void {
    edit(this.clients[index]!.store);
    edit(this.model);
  }

  /** Waits until a step is through, without a look at the room. */
  async settle(): Promise<void> {
    await expectSoon(() => {
      this.clients.forEach((client) => {
        expect(client.store.getContent()).toEqual(this.model.getContent());
        expect(getPendingCount(client)).toBe(0);
      });
    }, PATIENCE_MS);
  }
}

const READER = 0;
const WRITER = 1;
const LEGACY = 2;

const STEPS: [what: string, run: (scene: Scene) => unknown][] = [
  [
    'a reader joins, there is no Store',
    async (scene) => {
      const reader = await scene.connect('ours');
      await reader.persister.startAutoLoad();
    },
  ],
  [
    'PUT of the first content',
    async (scene) => {
      scene.model.setTables({t: {first: {c: 1}, gone: {c: 1}}});
      await scene.room.putContent(scene.model.getContent());
    },
  ],
  [
    'others join',
    async (scene) => {
      for (const half of ['ours', 'tinybase'] as const) {
        await (await scene.connect(half)).persister.startAutoPersisting();
      }
    },
  ],
  [
    'a push',
    (scene) =>
      scene.edit(WRITER, (store) => store.setCell('t', 'pushed', 'c', 1)),
  ],
  [
    'the reader starts to write',
    async (scene) => {
      await scene.clients[READER]!.persister.startAutoSave();
      scene.edit(READER, (store) => store.setCell('t', 'pushed', 'd', 2));
    },
  ],
  [
    'a refusal',
    async (scene) => {
      const {store, errors} = scene.clients[WRITER]!;
      store.setPartialRow('t', 'pushed', {refused: 1, fine: 1});
      scene.model.setCell('t', 'pushed', 'fine', 1);
      await until(() => errors.length);
    },
  ],
  [
    'a push in fragments',
    (scene) =>
      scene.edit(WRITER, (store) =>
        store.setCell('t', 'big', 'c', 'big '.repeat(100_000)),
      ),
  ],
  ['a reload', (scene) => scene.clients[READER]!.persister.load()],
  [
    'a reconnect, and a push',
    async (scene) => {
      const writer = scene.clients[WRITER]!;
      writer.socket.reconnect();
      await until(() => scene.opens[WRITER] == 2);
      scene.edit(WRITER, (store) => store.setCell('t', 'pushed', 'again', 1));
    },
  ],
  [
    'a deletion',
    (scene) => scene.edit(READER, (store) => store.delRow('t', 'gone')),
  ],
  [
    "a write of TinyBase's client",
    (scene) => scene.edit(LEGACY, (store) => store.setValue('legacy', 1)),
  ],
  [
    'edits offline',
    async (scene) => {
      const {socket} = scene.clients[READER]!;
      socket.close();
      await until(() => socket.readyState == socket.CLOSED);
      scene.edit(READER, (store) => store.setCell('t', 'offline', 'c', 1));
      scene.edit(WRITER, (store) => store.setValue('missed', 1));
      socket.reconnect();
    },
  ],
  [
    'a last push',
    (scene) => scene.edit(WRITER, (store) => store.delTable('t')),
  ],
];

/** Plays the session; the room sleeps before the steps told. */
const play = async (
  sleepsBefore: (step: number) => boolean,
): Promise<number> => {
  const scene = new Scene();
  for (const [step, [what, run]] of STEPS.entries()) {
    const sleeps = sleepsBefore(step);
    const instance = sleeps && (await scene.room.getInstance());
    if (sleeps) {
      await letSleep(server, scene.room);
    }
    try {
      await run(scene);
      await scene.settle();
    } catch (cause) {
      throw new Error(`${what}${sleeps ? ', after a sleep' : ''}`, {cause});
    }
    if (sleeps) {
      expect(
        await scene.room.getInstance(),
        `it slept before: ${what}`,
      ).not.toBe(instance);
    }
  }
  expect(await scene.room.getContent()).toEqual(scene.model.getContent());
  expect(await scene.room.loadContent()).toEqual(scene.model.getContent());
  expect(scene.opens).toEqual([2, 2, 1]);
  const [reader, writer, legacy] = scene.clients.map(({errors}) => errors);
  expect(writer).toEqual([expect.objectContaining({name: 'RefusedError'})]);
  expect([reader, legacy]).toEqual([[], []]);
  const etag = (
    await scene.room.request('/store', {method: 'HEAD'})
  ).headers.get('etag');
  return Number(/\.(\d+)"/.exec(etag ?? '')?.[1]);
};

/** A push whose fragments come with a pause that others would sleep in. */
const pauseInPush = async (): Promise<void> => {
  const room = createTestRoom(server, 'ours');
  await room.putContent([{}, {}]);
  const {host, party, name} = room;
  const socket = createNodeSocket({host, party, room: name});
  onTestFinished(() => socket.close());
  const letters: string[] = [];
  socket.addEventListener('message', ({data}) =>
    letters.push(String(data).charAt(0)),
  );
  const changes = '[{"t":{"r":{"c":"in two pieces"}}},{},1]';
  socket.send('h[1,"client","nonce","",0]');
  await until(() => letters.includes('w'));
  socket.send('f[1,0,2]' + changes.slice(0, 20));
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  socket.send('f[1,1,2]' + changes.slice(20));
  await until(() => letters.includes('c'));
  expect(await room.getContent()).toEqual([{t: {r: {c: 'in two pieces'}}}, {}]);
};

test(
  `F2 J5 J6 P1 S4 the room sleeps between any two of ${STEPS.length} steps`,
  {timeout: 120_000},
  async () => {
    const awake = await play(() => false);
    const positions = [...STEPS.keys()].slice(1);
    const [offsets] = await Promise.all([
      Promise.all([
        ...positions.map((position) => play((step) => step == position)),
        ...[0, 1, 2].map((rest) =>
          play((step) => step > 0 && step % 3 == rest),
        ),
      ]),
      pauseInPush(),
    ]);
    // As many pushes as where it never slept: none twice.
    expect(new Set(offsets)).toEqual(new Set([awake]));
  },
);
