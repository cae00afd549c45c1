/** What a room does about those who do not read, or do not stop talking. */
import {describe, expect, test} from 'vitest';
import {MAX_HELLOS, PING_LENGTH} from '../../src/protocol/limits.js';
import {createMemoryRoom} from '../support/memory-room.js';

const LONG = 'x'.repeat(100_000);

const getCode = ({closed}: {closed?: [code: number, reason: string]}) =>
  closed?.[0];

describe('a ping', () => {
  test('A1: is answered with what it had, and costs nothing stored', async () => {
    const room = createMemoryRoom();
    const a = room.connect();
    await a.greet();
    room.wake();
    await a.say('i[]');
    await a.say('i["token"]');
    expect(a.take()).toEqual([
      ['o', []],
      ['o', ['token']],
    ]);
  });

  test('A3: of a connection that the room does not know asks for its hello', async () => {
    const room = createMemoryRoom();
    const a = room.connect();
    await a.say('i[]');
    expect(a.take()).toEqual([['w', [1, '']]]);
  });

  test('A3: of a connection that was closed has no answer', async () => {
    const room = createMemoryRoom();
    const [a, b] = [room.connect('a'), room.connect('b')];
    await a.greet({clientId: 'same'});
    await b.greet({clientId: 'same'});
    expect(getCode(a)).toBe(4408);
    a.take();
    await a.say('i[]');
    expect(a.take()).toEqual([]);
  });

  test.each(['i', 'i{}', 'i[1]', 'i["a b"]', `i["${'x'.repeat(65)}"]`, 'ix'])(
    'F1: that does not parse is the app’s: %s',
    (frame) => {
      const room = createMemoryRoom();
      expect(room.connect().say(frame)).toBe(undefined);
    },
  );
});

describe('a reader', () => {
  const join = async (maxUnreadLength = 1_000_000) => {
    const room = createMemoryRoom({limits: {maxUnreadLength}});
    const [writer, reader] = [room.connect('writer'), room.connect('reader')];
    await writer.greet();
    await writer.push(1, {}, {v: 0});
    await writer.greet(await room.getPosition());
    await reader.greet(await room.getPosition());
    reader.take();
    let lastId = 1;
    const write = () => writer.push(++lastId, {}, {v: LONG + lastId});
    return {room, writer, reader, write};
  };

  const getPings = (frames: [string, any][]): string[] =>
    frames.filter(([letter]) => letter == 'i').map(([, [token]]) => token);

  test('A4: is asked whether it reads, and goes on while it does', async () => {
    const {reader, write} = await join();
    let pings = 0;
    for (let i = 0; i < 40; i++) {
      await write();
      for (const token of getPings(reader.take())) {
        pings++;
        await reader.say(`o["${token}"]`);
      }
    }
    expect(getCode(reader)).toBe(undefined);
    expect(pings).toBe(Math.floor(40 / Math.ceil(PING_LENGTH / LONG.length)));
  });

  test('A4: that gives no sign is cut off, and others go on', async () => {
    const {room, writer, reader, write} = await join();
    for (let i = 0; i < 10; i++) {
      await write();
    }
    expect(getCode(reader)).toBe(undefined);
    await write();
    await write();
    expect(getCode(reader)).toBe(4429);
    expect(getCode(writer)).toBe(undefined);
    const sent = reader.frames.length;
    await write();
    expect(reader.frames).toHaveLength(sent);
    expect((await room.getContent())[1].v).toContain(LONG);
  });

  test('A4: cannot guess what to answer', async () => {
    const {reader, write} = await join();
    for (let i = 0; i < 12; i++) {
      await write();
      await reader.say('o["guess"]');
      await reader.say('o[]');
    }
    expect(getCode(reader)).toBe(4429);
  });

  test('A4: is not cut off for one long commit', async () => {
    const {reader, writer, write} = await join(1_000);
    await write();
    expect(getCode(reader)).toBe(undefined);
    await write();
    expect(getCode(reader)).toBe(4429);
    expect(getCode(writer)).toBe(undefined);
  });

  test('A4: of TinyBase’s own half knows no pings', async () => {
    const {room, write} = await join();
    const legacy = room.connect('legacy');
    for (let i = 0; i < 30; i++) {
      await write();
    }
    expect(getCode(legacy)).toBe(undefined);
    expect(getPings(legacy.take())).toEqual([]);
  });
});

describe('a flood', () => {
  test('A5: of pushes is closed, and what was not taken is not applied', async () => {
    let letGo = (): void => {};
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const room = createMemoryRoom({
      limits: {maxQueuedLength: 1_000},
      hooks: {canSetValue: () => held.then(() => true)},
    });
    const [a, b] = [room.connect('a'), room.connect('b')];
    await a.greet();
    await b.greet();
    const pushes = [a.push(1, {}, {a: 1})];
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    for (let id = 2; id < 20; id++) {
      pushes.push(a.push(id, {}, {a: id}));
    }
    expect(getCode(a)).toBe(4429);
    pushes.push(b.push(1, {}, {b: 1}));
    letGo();
    await Promise.all(pushes);
    expect(await room.getContent()).toEqual([{}, {a: 1, b: 1}]);
    expect(getCode(b)).toBe(undefined);
  });

  test('A5: of hellos is closed, and only the latest are answered', async () => {
    const room = createMemoryRoom();
    const a = room.connect('a');
    const hello = async (nonce: number) =>
      await a.say(`h[1,"client","${nonce}","",0]`);
    await Promise.all(Array.from({length: 50}, (_, nonce) => hello(nonce)));
    expect(a.take()).toEqual([
      ['w', [1, '49', '', 0, [0], [], expect.any(String)]],
    ]);
    for (let nonce = 50; nonce < MAX_HELLOS; nonce++) {
      await hello(nonce);
    }
    expect(getCode(a)).toBe(undefined);
    await hello(MAX_HELLOS);
    expect(getCode(a)).toBe(4429);
  });

  test('A5: that is over is forgotten', async () => {
    const room = createMemoryRoom();
    const a = room.connect('a');
    for (let nonce = 0; nonce < 3 * MAX_HELLOS; nonce++) {
      if (nonce % MAX_HELLOS == 0) {
        room.advance(10_001);
      }
      await a.say(`h[1,"client","${nonce}","",0]`);
    }
    expect(getCode(a)).toBe(undefined);
  });
});
