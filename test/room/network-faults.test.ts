/** Whatever the network does, all is well by itself soon after. */
import {createStore, type Store} from 'tinybase';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {expectSoon} from '../support/expect-soon.js';
import {
  createClient,
  expectSame,
  getPendingCount,
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

// A seed's network is not quite the same each time: real time takes part in it.
const SEEDS = (process.env.SEEDS ?? '1,2,3,4,5,6').split(',').map(Number);
const PARTIES = ['ours', 'bare', 'limited'];
const WRITERS = ['w0', 'w1', 'w2', 'w3'];
const FAULTS_MS = 3_000;
/** Answers may be overdue, and what failed is tried again more and more slowly. */
const PATIENCE_MS = 45_000;

let server: RoomServer;
beforeAll(async () => {
  server = await startTestRooms();
});
afterAll(() => server?.stop());

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

interface Member extends TestClient {
  readonly name: string;
  readonly proxy: TcpProxy;
  /** What it has written itself. */
  readonly model: Store;
  written: number;
  readonly started: Promise<unknown>;
}

/** Puts one fault after the other on a network, until it is told to stop. */
const disturb = async (
  {truncate, delay, stall, swallow, deafen, cut, resume}: TcpProxy,
  random: RandomInteger,
  isOver: () => boolean,
): Promise<void> => {
  const faults = [
    resume,
    resume,
    cut,
    swallow,
    deafen,
    () => stall(),
    () => stall('up'),
    () => stall('down'),
    () => truncate('up', random(2) ? random(200) : random(100_000)),
    () => truncate('down', random(2) ? random(200) : random(100_000)),
    () => delay(() => random(60)),
  ];
  while (!isOver()) {
    faults[random(faults.length)]!();
    await pause(100 + random(200));
  }
  resume();
};

/** One push: a Row and a count of its author's own, and a Cell of all. */
const push = (member: Member, random: RandomInteger): void => {
  const count = ++member.written;
  const {name} = member;
  const text = random(40) ? '' : 'long '.repeat(1_000 * (1 + random(90)));
  const deletes = random(8) ? 0 : 1 + random(10);
  const shares = !random(3);
  [member.store, member.model].forEach((store) =>
    store.transaction(() => {
      store.setRow(name, `${count}`, {count, text});
      store.setValue(name, count);
      if (deletes) {
        store.delRow(name, `${count - deletes}`);
      }
      if (shares) {
        store.setCell('shared', 'r', 'c', `${name} ${count}`);
      }
    }),
  );
};

/** Notes what a client must never see: half a push, or an older value again. */
const watch = ({store, name: own}: Member): string[] => {
  const mishaps: string[] = [];
  store.addValueListener(null, (_, name, count, before) => {
    if (name != own) {
      if (!(Number(count) > Number(before ?? 0))) {
        mishaps.push(`${own} saw ${name} go from ${before} to ${count}`);
      }
      if (store.getCell(name, `${count}`, 'count') !== count) {
        mishaps.push(`${own} saw half of ${name} ${count}`);
      }
    }
  });
  const seen = new Set<unknown>();
  store.addCellListener('shared', 'r', 'c', (...args) => {
    const cell = args[4];
    if (seen.has(cell)) {
      mishaps.push(`${own} saw ${cell} again`);
    }
    seen.add(cell);
  });
  return mishaps;
};

/** What an unwell network is to say to an app: that a request failed. */
const isNoNetworkError = (error: unknown): boolean =>
  !/fetch failed|terminated/.test(String(error));

/** How many pushes are in a room's history; the first content is number 1. */
const getPushCount = async (room: TestRoom): Promise<number> => {
  const response = await room.request('/store', {method: 'HEAD'});
  return Number(/\.(\d+)"/.exec(response.headers.get('etag') ?? '')?.[1]) - 1;
};

SEEDS.forEach((seed) => {
  const party = PARTIES[seed % PARTIES.length]!;
  test(
    `G1 G2 G4 G6 every network fails at random, seed ${seed} (${party})`,
    {timeout: FAULTS_MS + 2 * PATIENCE_MS + 20_000},
    async () => {
      const random = createRandomInteger(seed);
      const room = createTestRoom(server, 'ours', {party});
      await room.putContent([{}, {}]);
      let isOver = false;
      let closes = 0;
      const members: Member[] = [];
      const mishaps: string[][] = [];
      const disturbing: Promise<void>[] = [];

      /** Joins without waiting for it, so that it may write meanwhile. */
      const join = async (name: string): Promise<Member> => {
        const proxy = await startTcpProxy(server.port);
        const client = createClient('ours', room, {host: proxy.host});
        client.socket.addEventListener('close', () => closes++);
        const member = {
          ...client,
          name,
          proxy,
          model: createStore(),
          written: 0,
          started: client.persister.startAutoPersisting(),
        };
        mishaps.push(watch(member));
        members.push(member);
        return member;
      };
      const fail = (proxy: TcpProxy, index: number): void =>
        void disturbing.push(
          disturb(proxy, createRandomInteger(seed * 100 + index), () => isOver),
        );

      await join('reader');
      const writers = await Promise.all(WRITERS.map(join));
      await Promise.all(members.map(({started}) => started));
      members.forEach(({proxy}, index) => fail(proxy, index));
      const lateAt = performance.now() + FAULTS_MS / 2;
      const endsAt = performance.now() + FAULTS_MS;
      while (performance.now() < endsAt) {
        push(writers[random(writers.length)]!, random);
        await pause(random(12));
        if (writers.length == WRITERS.length && performance.now() > lateAt) {
          const late = await join('late');
          writers.push(late);
          fail(late.proxy, members.length);
        }
      }
      isOver = true;
      await Promise.all(disturbing);

      await expectSoon(
        () =>
          expect(members.map(getPendingCount)).toEqual(members.map(() => 0)),
        PATIENCE_MS,
      );
      await Promise.all(members.map(({started}) => started));
      const [tables] = await expectSame(room, members, PATIENCE_MS);
      writers.forEach(({name, model}) =>
        expect(tables[name], name).toEqual(model.getTable(name)),
      );
      expect(mishaps.flat()).toEqual([]);
      expect(await getPushCount(room), 'pushes in the history').toBe(
        writers.reduce((sum, {written}) => sum + written, 0),
      );
      expect(
        members.flatMap(({errors}) => errors.filter(isNoNetworkError)),
      ).toEqual([]);
      expect(closes).toBeGreaterThan(members.length);
    },
  );
});
