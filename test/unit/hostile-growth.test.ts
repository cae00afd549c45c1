/** What hostile peers can make a room hold, and how long they can hold it up. */
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import {describe, expect, test} from 'vitest';
import {
  FRAGMENT_TIMEOUT_MS,
  MAX_CLIENTS,
  MAX_FRAGMENTS_LENGTH,
  MAX_HELLOS,
  MAX_REMEMBERED_REFUSALS,
  MAX_UNREAD_LENGTH,
  type RoomLimits,
} from '../../src/protocol/limits.js';
import {
  createMemoryRoom,
  type MemoryConnection,
  type MemoryRoom,
} from '../support/memory-room.js';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const getHeapBytes = (): number => {
  // Shapes of objects, with their ids, survive the first few times.
  for (let i = 0; i < 5; i++) {
    collectGarbage();
  }
  return process.memoryUsage().heapUsed;
};

/** A room with a Store, and an honest client in it. */
const openRoom = async (limits: Partial<RoomLimits> = {}) => {
  const room = createMemoryRoom({limits});
  const honest = room.connect('honest');
  await honest.greet();
  await honest.push(1, {}, {by: 'honest'});
  await honest.greet();
  return {room, honest};
};

const getStoredLength = (room: MemoryRoom): number =>
  room.storage
    .getEntries()
    .reduce(
      (sum, [key, value]) =>
        sum +
        key.length +
        (value instanceof Uint8Array
          ? value.length
          : JSON.stringify(value).length),
      0,
    );

const getAnswers = ({frames, mark}: MemoryConnection): number[][] =>
  frames
    .filter((frame) => frame[0] == 'c')
    .map((frame) => JSON.parse(frame.slice(1))[2]?.[mark] ?? []);

const expectAnswered = async (honest: MemoryConnection): Promise<void> => {
  expect(honest.closed).toBe(undefined);
  await honest.push(2, {}, {by: 'honest', again: true});
  expect(getAnswers(honest)).toContainEqual([2]);
};

describe('a room holds no more', () => {
  test('A5: for 100,000 hellos, each of a client of its own', async () => {
    const {room, honest} = await openRoom();
    const stored = room.storage.getEntries();
    const heap = getHeapBytes();
    for (let i = 0; i < 100_000 / MAX_HELLOS; i++) {
      const hostile = room.connect(`hostile${i}`);
      await Promise.all(
        Array.from({length: MAX_HELLOS}, async (_, j) =>
          hostile.say(`h[1,"client ${i} ${j}","${j % 5}","epoch1",0]`),
        ),
      );
      expect(hostile.closed).toBe(undefined);
      hostile.leave();
    }
    expect(getHeapBytes() - heap).toBeLessThan(8_000_000);
    expect(room.storage.getEntries()).toEqual(stored);
    await expectAnswered(honest);
  });

  test('A5: and closes who says hello too often', async () => {
    const {room, honest} = await openRoom();
    const hostile = room.connect('hostile');
    for (let i = 0; i <= MAX_HELLOS; i++) {
      expect(hostile.closed).toBe(undefined);
      void hostile.say(`h[1,"client ${i}","${i}","",0]`);
    }
    expect(hostile.closed?.[0]).toBe(4429);
    await expectAnswered(honest);
  });

  test('P2: for the pushes of many clients: the latest are known', async () => {
    const {room, honest} = await openRoom({maxCatchUpBytes: 100_000});
    const hostile = room.connect('hostile');
    for (let i = 0; i < 2 * MAX_CLIENTS; i++) {
      await hostile.greet({clientId: `client-${i}-${'x'.repeat(50)}`});
      await hostile.push(9, {}, {i});
      room.advance(1_000);
    }
    await expectAnswered(honest);
    const clients = room.storage
      .getEntries()
      .filter(([key]) => key.includes(':clients'))
      .map(([, value]) =>
        typeof value == 'string'
          ? value
          : new TextDecoder().decode(value as Uint8Array),
      )
      .join('');
    expect(JSON.parse(clients).length).toBeLessThanOrEqual(MAX_CLIENTS);
    // Their record, the log, and what is kept of it.
    expect(getStoredLength(room)).toBeLessThan(400_000);
  });

  test('P4: for 40,000 refused pushes: the latest are known', async () => {
    const {room, honest} = await openRoom();
    const hostile = room.connect('hostile');
    await hostile.greet({clientId: 'client'});
    await Promise.all(
      Array.from({length: 40_000}, async (_, i) => hostile.say(`p[${i + 1},[`)),
    );
    expect(hostile.closed).toBe(undefined);
    expect(getAnswers(hostile).flat()).toHaveLength(40_001);
    for (const wake of [() => {}, room.wake]) {
      wake();
      const answer = (await hostile.greet({clientId: 'client'}))[4];
      expect(answer).toHaveLength(1 + MAX_REMEMBERED_REFUSALS);
      expect([answer[0], answer.at(-1)]).toEqual([40_000, 40_000]);
    }
    expect(getStoredLength(room)).toBeLessThan(5_000);
    await expectAnswered(honest);
  });

  test('P4: for refused pushes one by one', async () => {
    const {room, honest} = await openRoom({maxCatchUpBytes: 100_000});
    const hostile = room.connect('hostile');
    await hostile.greet();
    for (let i = 1; i <= 5_000; i++) {
      await hostile.say(`p[${i},[`);
      room.advance(10);
    }
    // The log up to its compaction, and what is kept of it.
    expect(getStoredLength(room)).toBeLessThan(300_000);
    await expectAnswered(honest);
  });

  test('F2: for unfinished fragments of many connections', async () => {
    const {room, honest} = await openRoom();
    const piece = 'x'.repeat(250_000);
    const hostile = Array.from({length: 300}, (_, i) =>
      room.connect(`hostile${i}`),
    );
    hostile.forEach(({say}) => void say(`f[1,0,2]${piece}`));
    const open = hostile.filter(({closed}) => !closed);
    expect(open.length * piece.length).toBeLessThanOrEqual(
      MAX_FRAGMENTS_LENGTH,
    );
    expect(hostile.every(({closed}) => !closed || closed[0] == 4429)).toBe(
      true,
    );
    await expectAnswered(honest);
  });

  test('F2: for 600,000 empty fragments of one connection', async () => {
    const {room, honest} = await openRoom();
    const hostile = room.connect('hostile');
    const heap = getHeapBytes();
    for (let i = 0; i < 600_000; i++) {
      void hostile.say(`f[1,${i},999999999]`);
    }
    expect(getHeapBytes() - heap).toBeLessThan(2_000_000);
    await expectAnswered(honest);
  });

  test('A5: for what one connection has waiting', async () => {
    const {room, honest} = await openRoom();
    const hostile = room.connect('hostile');
    await hostile.greet();
    const text = JSON.stringify([{}, {v: 'x'.repeat(250_000)}, 1]);
    for (let i = 1; i <= 100; i++) {
      void hostile.say(`p[${i},${text}]`);
    }
    expect(hostile.closed?.[0]).toBe(4429);
    await expectAnswered(honest);
    // What comes on a closed connection is not taken, nor what waited.
    expect(Object.keys((await room.getContent())[1])).toEqual(['by', 'again']);
  });

  test('A4: for a reader that stops reading, whatever pongs it makes up', async () => {
    const {room, honest} = await openRoom();
    const hostile = room.connect('hostile');
    await hostile.greet();
    const write = async (id: number) => {
      await honest.push(id, {}, {v: id + 'x'.repeat(400_000)});
      const ping = honest.frames.findLast((frame) => frame[0] == 'i');
      await honest.say(`o${ping?.slice(1)}`);
    };
    await write(2);
    const ping = hostile.frames.find((frame) => frame[0] == 'i')!;
    await hostile.say(`o${ping.slice(1)}`);
    for (const token of ['', '""', '"mark1"', '"mark9"', ping.slice(2, -1)]) {
      for (let i = 0; i < 200; i++) {
        await hostile.say(`o[${token}]`);
      }
    }
    for (let id = 3; !hostile.closed; id++) {
      expect(id).toBeLessThan(40);
      await write(id);
    }
    expect(hostile.closed[0]).toBe(4429);
    expect(hostile.frames.join('').length).toBeGreaterThan(MAX_UNREAD_LENGTH);
    expect(honest.closed).toBe(undefined);
  });

  test('L2: for ids of any length in what is deleted, there or not', async () => {
    const {room, honest} = await openRoom();
    const hostile = room.connect('hostile');
    const heap = getHeapBytes();
    for (let i = 0; i < 300; i++) {
      const tableId = i + 'x'.repeat(240_000);
      await hostile.say(`s[{"${tableId}":{"r":{"c":"\uFFFC"}}},{},1]`);
    }
    hostile.frames.length = honest.frames.length = 0;
    await expectAnswered(honest);
    expect(getHeapBytes() - heap).toBeLessThan(20_000_000);
  });

  test('F2: after an unfinished push is given up', async () => {
    const {room} = await openRoom();
    const timers: [() => void, number][] = [];
    room.edge.schedule = (run, delayMs = 0) => {
      if (delayMs) {
        timers.push([run, delayMs]);
      } else {
        setImmediate(run);
      }
      return () => {};
    };
    const hostile = room.connect('hostile');
    await hostile.greet();
    await hostile.say('f[1,0,2][{},');
    room.advance(FRAGMENT_TIMEOUT_MS);
    timers.splice(0).forEach(([run]) => run());
    expect(timers).toEqual([]);
    await hostile.say('f[1,1,2]{},1]');
    expect(hostile.closed?.[0]).toBe(4400);
  });
});

describe('one frame, however heavy', () => {
  const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
  const keys = (count: number) =>
    `{${Array.from({length: count}, (_, i) => `"${i}":0`).join()}}`;
  const proto = `${'{"__proto__":'.repeat(3)}1}}}`;

  test.each<[string, string]>([
    ['nested 100,000 deep', `[{},{"v":${nested(100_000)}},1]`],
    ['nested 100,000 deep as objects', `[{},{"v":${'{"":'.repeat(100_000)}`],
    ['changes nested 100,000 deep', nested(100_000)],
    ['encoded, nested deep', `[{},{"v":"\uFFFD${nested(100_000)}"},1]`],
    ['of 100,000 keys in a Cell', `[{},{"v":${keys(100_000)}},1]`],
    ['of 100,000 Values', `[{},${keys(100_000)},1]`],
    ['of 100,000 Cells', `[{"t":{"r":${keys(100_000)}}},{},1]`],
    ['with an id of a million', `[{"${'x'.repeat(1e6)}":{"r":{"c":1}}},{},1]`],
    ['of prototypes', `[${proto},{"__proto__":${proto}},1]`],
    ['with a number of 100,000 digits', `[{},{"v":${'9'.repeat(100_000)}},1]`],
  ])('P1: %s, is answered, and so are others', async (_, changes) => {
    const {room, honest} = await openRoom();
    const hostile = room.connect('hostile');
    await hostile.greet();
    await hostile.say(`p[1,${changes}]`);
    await hostile.say(`s${changes}`);
    await hostile.say(`f[2,0,1]${changes}`);
    expect(getAnswers(hostile).map(([id]) => id)).toEqual([1, 2]);
    await expectAnswered(honest);
    expect({}.constructor).toBe(Object);
    expect(Object.keys(Object.prototype)).toEqual([]);
    const content = await room.getContent();
    room.restart();
    expect(await room.getContent()).toEqual(content);
  });

  test.each([
    `h${nested(100_000)}`,
    `h[1,${nested(100_000)},"n","",0]`,
    `h[1,"c","n",${nested(100_000)},${'9'.repeat(400)}]`,
    `h[1,"c","n","epoch1",1e999]`,
    `h[1,"c","n","epoch1",-1]`,
    `h[1,"c","n","epoch1",0.5]`,
    `p[${'9'.repeat(400)},[{},{},1]]`,
    `p[9007199254740993,[{},{},1]]`,
    `f[1,0,${'9'.repeat(400)}]x`,
    `i["${'x'.repeat(1_000_000)}"]`,
    `o${nested(100_000)}`,
    'h',
    'p',
    'f',
    's',
    'i',
    'o',
    'w',
    'c',
    '',
    ' ',
    '\0',
    '\uD800',
  ])('F1: what is only much like a frame does nothing (%#)', async (frame) => {
    const {room, honest} = await openRoom();
    const stored = room.storage.getEntries();
    const hostile = room.connect('hostile');
    await hostile.say(frame);
    await hostile.greet();
    await hostile.say(frame);
    expect(room.storage.getEntries()).toEqual(stored);
    await expectAnswered(honest);
  });
});

describe('a client id', () => {
  test('F3: that is stolen takes the connection, and no push is lost or done twice', async () => {
    const {room, honest} = await openRoom();
    const thief = room.connect('thief');
    const {clientId} = honest.greeting!;
    void honest.say('p[2,[{},{"two":1},1]]');
    await thief.greet({clientId});
    expect(honest.closed?.[0]).toBe(4408);
    void honest.say('p[3,[{},{"three":"from before"},1]]');
    await thief.push(3, {}, {three: 'of the thief'});
    const back = room.connect('back');
    expect((await back.greet({clientId}))[4]).toEqual([3]);
    expect(thief.closed?.[0]).toBe(4408);
    await back.push(3, {}, {three: 'again'});
    await back.push(4, {}, {four: 1});
    expect((await room.getContent())[1]).toEqual({
      by: 'honest',
      two: 1,
      three: 'of the thief',
      four: 1,
    });
  });
});
