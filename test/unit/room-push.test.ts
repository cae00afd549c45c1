import {describe, expect, test} from 'vitest';
import {
  createMemoryRoom,
  type MemoryRoomOptions,
} from '../support/memory-room.js';

const START = {start: 0};

/** A room with a Store, and some clients who have said hello. */
const createJoined = async (options: MemoryRoomOptions = {}) => {
  const room = createMemoryRoom(options);
  await room.room.putContent([{}, {...START}], null);
  const position = await room.getPosition();
  const join = async (id: string, clientId = `client of ${id}`) => {
    const connection = room.connect(id);
    await connection.greet({...position, clientId});
    return connection;
  };
  return {room, join, a: await join('a'), b: await join('b')};
};

const getValues = async (room: ReturnType<typeof createMemoryRoom>) => {
  const {start, ...values} = (await room.getContent())[1];
  return values;
};

describe('a push', () => {
  test('P1, P6: is answered by 0, and told to the others', async () => {
    const {a, b} = await createJoined();
    await a.push(1, {t: {r: {c: [1]}}});
    expect(a.take()).toEqual([['c', [2, 0, {[a.mark]: [1]}]]]);
    expect(b.take()).toEqual([
      ['c', [2, [[{t: {r: {c: '\uFFFD[1]'}}}, {}, 1]]]],
    ]);
  });

  test('P1: is answered where it changes nothing', async () => {
    const {room, a, b} = await createJoined({needsStore: true});
    await a.push(1, {}, {v: 1});
    await a.push(2, {}, {v: 1});
    expect(a.take().at(-1)![1].slice(1)).toEqual([0, {[a.mark]: [2]}]);
    expect(b.take()).toHaveLength(1);
    expect((await room.getPosition()).offset).toBe(2);
  });

  test('P1: is answered where it is malformed, as refused', async () => {
    const {room, a, b} = await createJoined();
    await a.say('p[1,[{},{"v":"\uFFFDx"},1]]');
    await a.say('p[2,[nonsense]]');
    expect(a.take().map(([, [, , answers]]) => answers)).toEqual([
      {[a.mark]: [1, 1]},
      {[a.mark]: [2, 2]},
    ]);
    expect(b.take()).toEqual([]);
    expect(await getValues(room)).toEqual({});
  });

  test('P1: is answered where it is nested too deep for a Store', async () => {
    const {a} = await createJoined();
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    await a.say(`p[1,[{},{"v":${deep}},1]]`);
    expect(a.take()[0]?.[1][2]).toEqual({[a.mark]: [1, 1]});
  });

  test('P1: is answered to the client alone where nobody else cares', async () => {
    const {a, b} = await createJoined({hooks: {canSetValue: () => false}});
    await a.push(1, {}, {v: 1});
    expect(a.take()[0]![1].slice(1)).toEqual([[], {[a.mark]: [1, 1]}]);
    expect(b.take()).toEqual([]);
  });

  test('P2: that was answered is not applied again', async () => {
    const {room, a, b} = await createJoined();
    await a.push(1, {}, {v: 'a'});
    await b.push(1, {}, {v: 'b'});
    a.take();
    await a.push(1, {}, {v: 'a'});
    expect(await getValues(room)).toEqual({v: 'b'});
    expect(a.take().at(-1)![1][2]).toEqual({[a.mark]: [1]});
  });

  test('P2: that was answered is not applied on another connection', async () => {
    const {room, a, b, join} = await createJoined();
    await a.push(1, {}, {v: 'a'});
    await b.push(1, {}, {v: 'b'});
    const again = await join('a again', 'client of a');
    await again.push(1, {}, {v: 'a'});
    expect(await getValues(room)).toEqual({v: 'b'});
  });

  test('P2: is not applied by an old connection after a new hello', async () => {
    const {room, a, b, join} = await createJoined();
    const again = await join('a again', 'client of a');
    await again.push(1, {}, {v: 'a'});
    await b.push(1, {}, {v: 'b'});
    // What the old one still had on the way arrives.
    await a.push(1, {}, {v: 'a'});
    expect(await getValues(room)).toEqual({v: 'b'});
  });

  test.each(['slept', 'crashed'])(
    'P2: that was answered is not applied when the room has %s',
    async (how) => {
      const {room, a, b, join} = await createJoined();
      await a.push(1, {}, {v: 'a'});
      await b.push(1, {}, {v: 'b'});
      how == 'slept' ? room.wake() : room.restart();
      const again = await join('a again', 'client of a');
      await again.push(1, {}, {v: 'a'});
      await again.push(2, {}, {w: 'a'});
      expect(await getValues(room)).toEqual({v: 'b', w: 'a'});
    },
  );

  test('P2: is numbered on when its room has slept meanwhile', async () => {
    const {room, a} = await createJoined();
    await a.push(1, {}, {v: 1});
    room.wake();
    await a.push(2, {}, {w: 2});
    expect(await getValues(room)).toEqual({v: 1, w: 2});
    expect(a.take().at(-1)![1].slice(1)).toEqual([0, {[a.mark]: [2]}]);
  });

  test('P2: is numbered on after a crash that forgot refusals', async () => {
    const {room, a, join} = await createJoined({
      hooks: {canSetValue: (valueId) => valueId != 'refused'},
    });
    await a.push(1, {}, {refused: 1});
    await a.push(2, {}, {refused: 1});
    room.restart();
    const again = await join('a again', 'client of a');
    await again.push(3, {}, {v: 3});
    expect(again.closed).toBe(undefined);
    expect(await getValues(room)).toEqual({v: 3});
  });

  test('P3: that skips a mutation id closes the socket', async () => {
    const {room, a} = await createJoined();
    await a.push(1, {}, {v: 1});
    await a.push(3, {}, {v: 3});
    expect(a.closed?.[0]).toBe(4409);
    expect(await getValues(room)).toEqual({v: 1});
  });

  test('P5: is one commit with all that arrived meanwhile', async () => {
    const {room, a, b} = await createJoined();
    await Promise.all([
      a.push(1, {t: {r: {a: 1}, s: {a: 1}}}, {v: 1}),
      b.push(1, {t: {r: '\uFFFC'}}, {w: 1}),
      a.push(2, {t: {r: {b: 2}}}, {v: 2}),
    ]);
    const commit = [
      4,
      [
        [{t: {r: '\uFFFC'}}, {}, 1],
        [{t: {s: {a: 1}, r: {b: 2}}}, {v: 2, w: 1}, 1],
      ],
      {[a.mark]: [2], [b.mark]: [1]},
    ];
    expect(a.take()).toEqual([['c', commit]]);
    expect(b.take()).toEqual([['c', commit]]);
    expect(await room.getContent()).toEqual([
      {t: {s: {a: 1}, r: {b: 2}}},
      {...START, v: 2, w: 1},
    ]);
  });

  test('P6: gets 0 where several of one author were the whole', async () => {
    const {a, b} = await createJoined();
    await Promise.all([a.push(1, {}, {v: 1}), a.push(2, {}, {v: 2})]);
    expect(a.take()).toEqual([['c', [3, 0, {[a.mark]: [2]}]]]);
    expect(b.take()).toEqual([['c', [3, [[{}, {v: 2}, 1]]]]]);
  });

  test.each([
    ['Table', {t: {r: {c: 1}, s: {c: 1}}}, {t: '\uFFFC'}],
    ['Row', {t: {r: {c: 1, d: 1}, s: {c: 1}}}, {t: {r: '\uFFFC'}}],
  ])(
    'P6: gets the delta where the rest of a %s went with what it deleted',
    async (what, tables, deleted) => {
      const room = createMemoryRoom({needsStore: true});
      await room.room.putContent([tables, {}] as any, null);
      const a = room.connect('a');
      await a.greet(await room.getPosition());
      const store = room.room.store!;
      store.addCellListener(
        't',
        'r',
        'c',
        () =>
          what == 'Table'
            ? store.delRow('t', 's')
            : store.delCell('t', 'r', 'd'),
        true,
      );
      await a.push(1, {t: {r: {c: '\uFFFC'}}});
      expect(a.take()).toEqual([
        ['c', [2, [[deleted, {}, 1]], {[a.mark]: [1]}]],
      ]);
    },
  );

  test('P6: gets the delta where it did not take effect as it was', async () => {
    const {a} = await createJoined({
      hooks: {canSetValue: (valueId) => valueId != 'refused'},
    });
    await a.push(1, {}, {refused: 1, v: 1});
    expect(a.take()).toEqual([
      ['c', [2, [[{}, {v: 1}, 1]], {[a.mark]: [1, 1]}]],
    ]);
  });

  test('P9: is refused where a hook throws, and the app learns of it', async () => {
    const error = new Error('A hook of the app failed');
    const {room, a, b} = await createJoined({
      hooks: {
        canSetValue: (valueId) => {
          if (valueId == 'v') {
            throw error;
          }
          return true;
        },
      },
    });
    const pushes = await Promise.allSettled([
      a.push(1, {}, {v: 1}),
      b.push(1, {}, {w: 1}),
      a.push(2, {}, {x: 1}),
    ]);
    expect(pushes).toMatchObject([
      {status: 'rejected', reason: error},
      {status: 'fulfilled'},
      {status: 'fulfilled'},
    ]);
    expect(a.take()[0]![1][2]).toEqual({
      [a.mark]: [2, 1],
      [b.mark]: [1],
    });
    expect(await getValues(room)).toEqual({w: 1, x: 1});
  });

  test('P10: makes the Store of a room that has none', async () => {
    const room = createMemoryRoom();
    const a = room.connect('a');
    await a.greet();
    expect(await room.getContent()).toBe(undefined);
    await a.push(1, {t: {r: {c: 1}}});
    expect(await room.getContent()).toEqual([{t: {r: {c: 1}}}, {}]);
    expect((await a.greet())[4]).toEqual([1]);
    room.restart();
    expect(await room.getContent()).toEqual([{t: {r: {c: 1}}}, {}]);
  });

  test('P10: makes no Store where all of it is refused', async () => {
    const room = createMemoryRoom({hooks: {canSetValue: () => false}});
    const a = room.connect('a');
    await a.greet();
    await a.push(1, {}, {v: 1});
    expect(a.take().at(-1)).toEqual(['c', [0, [], {[a.mark]: [1, 1]}]]);
    expect(await room.getContent()).toBe(undefined);
    expect(room.storage.getEntries()).toEqual([]);
  });
});

test('P2: of a connection that its client has left are not taken', async () => {
  const {room, a} = await createJoined();
  const b = room.connect('b');
  // Two sockets are in no order: what came on the one that has gone still waits
  // when the other says hello.
  const hello = b.say('h[1,"client of a","n","",0]');
  const late = a.push(1, {}, {late: 1});
  a.leave();
  await Promise.all([hello, late]);
  expect(b.take().find(([letter]) => letter == 'w')?.[1][4]).toEqual([0]);
  room.wake();
  await b.push(1, {}, {late: 1});
  expect(await room.getPosition()).toMatchObject({offset: 2});
});

describe('fragments', () => {
  const text = JSON.stringify([{}, {v: 'x'.repeat(50)}, 1]);

  test('F2: are put together in order', async () => {
    const {room, a} = await createJoined();
    await a.say(`f[1,0,3]${text.slice(0, 10)}`);
    await a.say(`f[1,1,3]${text.slice(10, 20)}`);
    expect(a.take()).toEqual([]);
    await a.say(`f[1,2,3]${text.slice(20)}`);
    expect(a.take()).toEqual([['c', [2, 0, {[a.mark]: [1]}]]]);
    expect(await getValues(room)).toEqual({v: 'x'.repeat(50)});
    await a.push(2, {}, {w: 1});
    expect(await getValues(room)).toMatchObject({w: 1});
  });

  test.each([
    ['without the first', ['f[1,1,3]x']],
    ['with one missing', ['f[1,0,3]x', 'f[1,2,3]x']],
    ['with one twice', ['f[1,0,3]x', 'f[1,1,3]x', 'f[1,1,3]x']],
    ['of two pushes', ['f[1,0,3]x', 'f[2,1,3]x']],
  ])('F2: close the socket where they come %s', async (_, frames) => {
    const {room, a} = await createJoined();
    for (const frame of frames) {
      expect(a.closed).toBe(undefined);
      await a.say(frame);
    }
    expect(a.closed?.[0]).toBe(4400);
    expect(await getValues(room)).toEqual({});
  });

  test('F2: that are too long together are refused in their turn', async () => {
    const room = createMemoryRoom({limits: {maxPushLength: 100}});
    const a = room.connect('a');
    await a.greet();
    await a.push(1, {}, {a: 1});
    await a.say(`f[2,0,3]${'x'.repeat(60)}`);
    await a.say(`f[2,1,3]${'x'.repeat(60)}`);
    await a.say('f[2,2,3]x');
    await a.push(3, {}, {b: 1});
    expect(a.closed).toBe(undefined);
    expect(a.take().slice(-2)).toEqual([
      ['c', [expect.any(Number), [], {[a.mark]: [2, 2]}]],
      ['c', [expect.any(Number), 0, {[a.mark]: [3]}]],
    ]);
    expect(await getValues(room)).toEqual({a: 1, b: 1});
  });

  test('F2: of all connections together hold no more than a bound', async () => {
    const room = createMemoryRoom({limits: {maxFragmentsLength: 100}});
    const [a, b] = [room.connect('a'), room.connect('b')];
    await a.greet();
    await b.greet();
    await a.say(`f[1,0,3]${'x'.repeat(60)}`);
    await b.say(`f[1,0,3]${'x'.repeat(30)}`);
    expect([a.closed, b.closed]).toEqual([undefined, undefined]);
    await b.say(`f[1,1,3]${'x'.repeat(20)}`);
    expect([a.closed?.[0], b.closed]).toEqual([4429, undefined]);
  });

  test('F2: are waited for no longer than a minute, nor without need', async () => {
    const {room, a} = await createJoined();
    expect(room.isWaiting()).toBe(false);
    await a.say(`f[1,0,2]${text.slice(0, 10)}`);
    expect(room.isWaiting()).toBe(true);
    await a.say(`f[1,1,2]${text.slice(10)}`);
    expect(room.isWaiting()).toBe(false);
    await a.say(`f[2,0,2]${text.slice(0, 10)}`);
    room.advance(30_000);
    expect(room.isWaiting()).toBe(true);
    room.advance(60_000);
    expect(room.isWaiting()).toBe(false);
    await a.say(`f[2,1,2]${text.slice(10)}`);
    expect(a.closed?.[0]).toBe(4400);
  });

  test('F2: that are empty do not add up', async () => {
    const room = createMemoryRoom({limits: {maxPushLength: 1_000}});
    const a = room.connect('a');
    await a.greet();
    for (let index = 0; index < 200; index++) {
      await a.say(`f[1,${index},201]`);
    }
    await a.say(`f[1,200,201][{},{"v":1},1]`);
    expect(a.take()).toEqual([['c', [0, [], {[a.mark]: [1, 1]}]]]);
  });

  test('F2: begin anew with a hello', async () => {
    const {room, a} = await createJoined();
    await a.say(`f[1,0,2]${text.slice(0, 10)}`);
    await a.greet(await room.getPosition());
    await a.say(`f[1,0,2]${text.slice(0, 10)}`);
    await a.say(`f[1,1,2]${text.slice(10)}`);
    expect(a.closed).toBe(undefined);
    expect(await getValues(room)).toEqual({v: 'x'.repeat(50)});
    await a.say(`f[2,0,2]${text.slice(0, 10)}`);
    await a.greet(await room.getPosition());
    await a.say(`f[2,1,2]${text.slice(10)}`);
    expect(a.closed?.[0]).toBe(4400);
  });

  test('P2: is not applied again where it made the Store after a sleep', async () => {
    const room = createMemoryRoom();
    const connection = room.connect();
    const hello = {clientId: 'c'};
    await connection.greet(hello);
    room.wake();
    await connection.push(1, {}, {v: 1});
    room.restart();
    const again = room.connect();
    const welcome = await again.greet(hello);
    expect(welcome[4]).toEqual([1]);
    await again.push(1, {}, {v: 2});
    expect(await room.getContent()).toEqual([{}, {v: 1}]);
  });

  test('loses nothing that is stored where a hook hides that the room starts anew', async () => {
    const failures: unknown[] = [];
    const room = createMemoryRoom({
      hooks: {
        canSetCell: async (tableId) => {
          if (tableId == 'bad') {
            room.room.store!.startTransaction();
            for (let i = 0; i < 2; i++) {
              await room.room
                .apply([{x: {y: {z: 1}}}, {}, 1])
                .catch((error: unknown) => failures.push(error));
            }
          }
          return true;
        },
      },
    });
    const connection = room.connect();
    await connection.greet();
    await connection.push(1, {t: {r: {c: 'precious'}}});
    const before = await room.getPosition();
    await expect(connection.push(2, {bad: {r: {c: 1}}})).rejects.toThrow();
    expect(failures).toHaveLength(2);
    expect(await room.getContent()).toEqual([{t: {r: {c: 'precious'}}}, {}]);
    expect(await room.getPosition()).toEqual(before);
    const again = room.connect();
    await again.greet({clientId: 'again'});
    await again.push(1, {t: {r: {d: 2}}});
    room.restart();
    expect(await room.getContent()).toEqual([
      {t: {r: {c: 'precious', d: 2}}},
      {},
    ]);
  });
});
