/** A room that crashes while it is written to loses nothing that it answered. */
import {setImmediate} from 'node:timers/promises';
import {afterAll, beforeAll, expect, test} from 'vitest';
import type {Content, Row} from 'tinybase';
import {expectSoon} from '../support/expect-soon.js';
import {
  expectSame,
  getPendingCount,
  startClient,
  type TestClient,
} from '../support/halves.js';
import type {RoomServer} from '../support/room-server.js';
import {
  createRandomInteger,
  type RandomInteger,
} from '../support/random-edits.js';
import {startTcpProxy, type TcpProxy} from '../support/tcp-proxy.js';
import {
  createTestRoom,
  startTestRooms,
  type TestRoom,
} from '../support/test-room.js';
import {until} from '../support/until.js';

const KILLS = Number(process.env.KILLS ?? 20);
const WRITERS = 3;
const MAX_IN_FLIGHT = 60;
/** How many long Rows of a writer there are at a time. */
const WINDOW = 8;
/** So long that the log is compacted several times between two crashes. */
const LONG = 'long '.repeat(800);

let server: RoomServer;
beforeAll(async () => {
  server = await startTestRooms();
});
afterAll(() => server?.stop());

interface Writer extends TestClient {
  readonly name: string;
  /** How many pushes it has made, and how often one was sent. */
  written: number;
  sent: number;
}

/** How many of a writer's pushes the room has answered. */
const getAnswered = (writer: Writer): number =>
  writer.written - getPendingCount(writer);

const sum = (writers: Writer[], count: (writer: Writer) => number): number =>
  writers.reduce((total, writer) => total + count(writer), 0);

interface Scene {
  readonly room: TestRoom;
  readonly writers: Writer[];
  readonly reader: TestClient;
  /** What a reader has seen that must not be: a counter that went back. */
  readonly wentBack: string[];
}

/** One push: a short Row that stays, a long one that replaces another. */
const push = (writer: Writer): void => {
  const {store, name} = writer;
  const count = ++writer.written;
  store.transaction(() => {
    store.setRow(`short ${name}`, `${count}`, {count});
    store.setRow(`long ${name}`, `${count}`, {count, text: LONG});
    store.delRow(`long ${name}`, `${count - WINDOW}`);
    store.setValue(name, count);
  });
};

/** What a writer's first pushes make: no part more, and no part less. */
const expectPushes = (
  [tables, values]: Content,
  {name}: Writer,
  atLeast: number,
): void => {
  const count = (values[name] ?? 0) as number;
  expect(count, `pushes of ${name}`).toBeGreaterThanOrEqual(atLeast);
  const counts = (after: number, row: Row = {}): Record<string, Row> =>
    Object.fromEntries(
      Array.from({length: count - Math.max(after, 0)}, (_, index) => [
        `${count - index}`,
        {...row, count: count - index},
      ]),
    );
  expect(tables[`short ${name}`] ?? {}).toEqual(counts(0));
  expect(tables[`long ${name}`] ?? {}).toEqual(
    counts(count - WINDOW, {text: LONG}),
  );
};

const startScene = async (party: string, proxy: TcpProxy): Promise<Scene> => {
  const room = createTestRoom(server, 'ours', {party});
  await room.putContent([{}, {}]);
  const writers: Writer[] = [];
  while (writers.length < WRITERS) {
    const client = await startClient(
      'ours',
      room,
      // The first gets no answers before some of the crashes.
      writers.length ? {} : {host: proxy.host},
    );
    const name = `w${writers.length}`;
    const writer = {...client, name, written: 0, sent: 0};
    writers.push(writer);
    const send = client.socket.send.bind(client.socket);
    client.socket.send = (frame) => {
      writer.sent += String(frame).startsWith('p') ? 1 : 0;
      return send(frame);
    };
  }
  const reader = await startClient('ours', room);
  const wentBack: string[] = [];
  reader.store.addValueListener(null, (_, name, value, old) => {
    if (!(Number(value) > Number(old ?? 0))) {
      wentBack.push(`${name}: ${old} -> ${value}`);
    }
  });
  return {room, writers, reader, wentBack};
};

/** How many pushes are in a room's history; the first content is number 1. */
const getPushCount = async ({room}: Scene): Promise<number> => {
  const response = await room.request('/store', {method: 'HEAD'});
  return Number(/\.(\d+)"/.exec(response.headers.get('etag') ?? '')?.[1]) - 1;
};

type LogState = {
  /** How often the room has stored a snapshot. */
  generation: number;
  /** The log's keys since the last one. */
  entries: number;
  /** Whether a compaction was cut off, or what it left is not deleted yet. */
  isUntidy: boolean;
};

const getLogState = async (room: TestRoom): Promise<LogState> => {
  const stored = await room.getStorage();
  const {generation, offset, leftovers} = stored.get('#tbpk:head') as {
    generation: number;
    offset: number;
    leftovers?: string;
  };
  const keys = [...stored.keys()];
  const isOld = (key: string) =>
    key.startsWith('#tbpk:s:') && +key.split(':')[2]! != generation % 2;
  return {
    generation,
    entries: keys.filter(
      (key) => key.startsWith('#tbpk:l:') && +key.split(':')[2]! > offset,
    ).length,
    isUntidy: leftovers !== undefined || keys.some(isOld),
  };
};

/** Has them push at random, as fast as they are answered. */
const write = async (
  writers: Writer[],
  random: RandomInteger,
  isOver: () => boolean,
): Promise<void> => {
  while (!isOver()) {
    const writer = writers[random(writers.length)]!;
    if (getPendingCount(writer) < MAX_IN_FLIGHT) {
      push(writer);
    }
    await (random(4)
      ? setImmediate()
      : new Promise((resolve) => setTimeout(resolve, random(8))));
  }
};

/** A crash tells an app of requests that failed, and of nothing else. */
const isNoNetworkError = (error: unknown): boolean =>
  !/fetch failed/.test(String(error));

test(
  `G2 G5 P2 S4 ${KILLS} crashes in the midst of writes lose and double nothing`,
  {timeout: 30_000 + KILLS * 6_000},
  async () => {
    const random = createRandomInteger(1);
    const proxy = await startTcpProxy(server.port);
    const scenes = [
      await startScene('ours', proxy),
      await startScene('bare', proxy),
    ];
    const writers = scenes.flatMap((scene) => scene.writers);
    let snapshots = 0;
    let acknowledged = 0;
    let unanswered = 0;
    let killsInFlight = 0;
    let killsInLog = 0;
    let killsInCompaction = 0;
    let isOver = false;
    const writing = write(writers, random, () => isOver);

    for (let kill = 0; kill < KILLS; kill++) {
      const before = writers.map(({written}) => written);
      await until(
        () =>
          writers.every(
            (writer, index) => getAnswered(writer) > before[index]! + 20,
          ),
        {timeoutMs: 15_000, message: 'all writers are answered again'},
      );
      if (random(2)) {
        proxy.deafen();
      }
      // Long enough for a compaction, now and then.
      const longestMs = random(2) ? 150 : 2_500;
      await new Promise((resolve) => setTimeout(resolve, random(longestMs)));
      // A burst is under way when the crash comes, at one stage or another.
      for (let burst = 0; burst < 10; burst++) {
        writers.forEach(push);
      }
      await new Promise((resolve) => setTimeout(resolve, random(40)));
      killsInFlight += writers.some(getPendingCount) ? 1 : 0;
      const writtenAtKill = new Map(
        writers.map((writer) => [writer, writer.written]),
      );
      await server.kill();
      await until(() => writers.every(({socket}) => socket.readyState != 1));
      const answered = new Map(
        writers.map((writer) => [writer, getAnswered(writer)]),
      );
      proxy.resume();
      await server.restart();
      for (const scene of scenes) {
        const content = (await scene.room.getContent())!;
        scene.writers.forEach((writer) =>
          expectPushes(content, writer, answered.get(writer)!),
        );
      }
      acknowledged = sum(writers, (writer) => answered.get(writer)!);
      unanswered +=
        sum(writers, (writer) => writtenAtKill.get(writer)!) - acknowledged;
      const state = await getLogState(scenes[0]!.room);
      snapshots = state.generation;
      killsInLog += state.entries ? 1 : 0;
      killsInCompaction += state.isUntidy ? 1 : 0;
    }
    isOver = true;
    await writing;

    await expectSoon(
      () => expect(writers.map(getPendingCount)).toEqual(writers.map(() => 0)),
      20_000,
    );
    for (const scene of scenes) {
      const content = await expectSame(scene.room, [
        ...scene.writers,
        scene.reader,
      ]);
      scene.writers.forEach((writer) =>
        expectPushes(content, writer, writer.written),
      );
      expect(await getPushCount(scene), 'pushes in the history').toBe(
        sum(scene.writers, ({written}) => written),
      );
      expect(scene.wentBack).toEqual([]);
      expect(
        [...scene.writers, scene.reader].flatMap(({errors}) =>
          errors.filter(isNoNetworkError),
        ),
      ).toEqual([]);
    }
    const written = sum(writers, (writer) => writer.written);
    const sent = sum(writers, (writer) => writer.sent);
    console.log(
      `${KILLS} kills, ${killsInFlight} with pushes in flight; ` +
        `${snapshots} snapshots, ${killsInCompaction} kills in the making of ` +
        `one, ${killsInLog} with a log after one; ` +
        `${written} pushes written, ${acknowledged} acknowledged before a kill, ` +
        `${unanswered} in flight at one, ${sent - written} sent again; ` +
        'none lost, none twice',
    );
    expect(killsInFlight).toBeGreaterThan(0);
    expect(killsInLog).toBeGreaterThan(0);
    expect(snapshots).toBeGreaterThan(KILLS / 4);
    await expectSoon(async () => {
      const {isUntidy} = await getLogState(scenes[0]!.room);
      expect(isUntidy).toBe(false);
    }, 10_000);
  },
);
