import {createStore} from 'tinybase';
import {describe, expect, test} from 'vitest';
import {createHeldStorage} from '../support/held-storage.js';
import {
  createMemoryRoom,
  type MemoryRoomOptions,
} from '../support/memory-room.js';
import {createMemoryStorage} from '../support/memory-storage.js';
import {settle} from '../support/scripted-world.js';

const createJoined = async (options: MemoryRoomOptions = {}) => {
  const room = createMemoryRoom(options);
  await room.room.putContent([{}, {start: 0}], null);
  const position = await room.getPosition();
  const join = async (id: string) => {
    const connection = room.connect(id);
    await connection.greet(position);
    return connection;
  };
  return {room, join, a: await join('a'), b: await join('b')};
};

describe('a commit', () => {
  test('K1: is told when it is durable, not before', async () => {
    const storage = createHeldStorage();
    const {room, a, b} = await createJoined({storage});
    storage.hold();
    let isThrough = false;
    const pushed = a.push(1, {}, {v: 1}).then(() => {
      isThrough = true;
    });
    for (let turn = 0; turn < 5; turn++) {
      await settle();
    }
    expect(storage.getHeldCount()).toBe(1);
    expect([isThrough, a.take(), b.take()]).toEqual([false, [], []]);
    storage.release();
    await pushed;
    expect([a.take().length, b.take().length]).toEqual([1, 1]);
    expect(await room.getContent()).toEqual([{}, {start: 0, v: 1}]);
  });

  test('K1: is seen by no GET before it is durable', async () => {
    const storage = createHeldStorage();
    const {room, a} = await createJoined({storage});
    storage.hold();
    void a.push(1, {}, {v: 1});
    await settle();
    let content: any;
    void room.getContent().then((got) => (content = got));
    await settle();
    await settle();
    expect(content).toBe(undefined);
    storage.release();
    await settle();
    await settle();
    expect(content).toEqual([{}, {start: 0, v: 1}]);
  });

  test('S4: is all that is read for a GET after another', async () => {
    const storage = createMemoryStorage();
    const listed: string[] = [];
    const list: typeof storage.list = async (options) => {
      const page = await storage.list(options);
      listed.push(...page.keys());
      return page;
    };
    const {room, a} = await createJoined({storage: {...storage, list}});
    await room.getContent();
    listed.length = 0;
    await a.push(1, {t: {r: {c: 1}}}, {v: 1});
    await a.push(2, {t: {r: '\uFFFC'}}, {w: 2});
    expect(await room.getContent()).toEqual([{}, {start: 0, v: 1, w: 2}]);
    expect(listed.every((key) => key.includes(':l:'))).toBe(true);
    // Both are in one page of it.
    expect(listed.length).toBe(1);
  });

  test('K2: is one log entry and one frame for all that arrived', async () => {
    const {room, a, b} = await createJoined();
    room.storage.takePuts();
    await Promise.all([
      a.push(1, {}, {v: 1}),
      b.push(1, {}, {w: 1}),
      a.push(2, {t: {r: {c: 1, d: 2}}}),
      room.room.apply([{}, {x: 1}, 1]),
    ]);
    expect(room.storage.takePuts()).toHaveLength(1);
    expect([a.take(), b.take()].map(({length}) => length)).toEqual([1, 1]);
    expect(await room.getContent()).toEqual([
      {t: {r: {c: 1, d: 2}}},
      {start: 0, v: 1, w: 1, x: 1},
    ]);
  });

  test('K2: takes what arrives while it is stored into the next', async () => {
    const storage = createHeldStorage();
    const {room, a, b} = await createJoined({storage});
    storage.hold();
    const pushes = [a.push(1, {}, {v: 1})];
    await settle();
    pushes.push(b.push(1, {}, {v: 2}), b.push(2, {}, {v: 3}));
    await settle();
    expect(storage.getHeldCount()).toBe(1);
    storage.release();
    await Promise.all(pushes);
    expect(room.storage.takePuts().length).toBeGreaterThanOrEqual(2);
    expect(a.take()).toHaveLength(2);
    expect((await room.getContent())[1].v).toBe(3);
  });

  test("K3: is made of what the room's own code writes", async () => {
    let asked = 0;
    const {room, a} = await createJoined({
      needsStore: true,
      hooks: {canSetValue: () => !!++asked},
    });
    asked = 0;
    room.room.store!.transaction(() =>
      room.room.store!.setValue('own', [1]).setCell('t', 'r', 'c', 1),
    );
    await settle();
    await settle();
    expect(a.take()).toEqual([
      ['c', [2, [[{t: {r: {c: 1}}}, {own: '\uFFFD[1]'}, 1]], {}]],
    ]);
    expect(asked).toBe(0);
    room.restart();
    expect(await room.getContent()).toEqual([
      {t: {r: {c: 1}}},
      {start: 0, own: '\uFFFD[1]'},
    ]);
  });

  test("K3: has an author's push and the room's reaction to it", async () => {
    const {room, a, b} = await createJoined({needsStore: true});
    room.room.store!.addValueListener(
      'v',
      (store) => store.setValue('reaction', true),
      true,
    );
    await a.push(1, {}, {v: 1});
    await settle();
    const told = (frames: [string, any][]) =>
      Object.assign(
        {},
        ...frames.flatMap(([, [, list]]) =>
          (list || []).map(([, values]: any) => values),
        ),
      );
    expect(told(a.take())).toMatchObject({reaction: true});
    expect(told(b.take())).toEqual({v: 1, reaction: true});
  });

  test('K3: is made of what broadcastChanges applies, on any room', async () => {
    const {room, a} = await createJoined();
    room.wake();
    await room.room.apply([{}, {v: 1}, 1]);
    expect(a.take()).toEqual([['c', [2, [[{}, {v: 1}, 1]], {}]]]);
  });

  test('P6, K3: is told in full where the room wrote in the same turn', async () => {
    const {room, a, b} = await createJoined();
    await Promise.all([
      room.room.apply([{}, {w: 1}, 1]),
      a.push(1, {}, {v: 1}),
    ]);
    const delta = [[{}, {w: 1, v: 1}, 1]];
    expect(a.take()).toEqual([['c', [3, delta, {[a.mark]: [1]}]]]);
    expect(b.take()).toEqual([['c', [3, delta, {[a.mark]: [1]}]]]);
  });

  test('P7, K2: sees the pushes before it in the same turn', async () => {
    const seen: unknown[] = [];
    const {a, b} = await createJoined({
      hooks: {
        canSetValue: (...[, value, , , old]) => {
          seen.push([value, old]);
          return true;
        },
      },
    });
    seen.splice(0);
    await Promise.all([a.push(1, {}, {v: 1}), b.push(1, {}, {v: 2})]);
    expect(seen).toEqual([
      [1, undefined],
      [2, 1],
    ]);
  });

  test('K3: keeps nobody waiting for the end of what the app writes', async () => {
    const TICKS = 1_000;
    const storage = createMemoryStorage();
    let tick = () => {};
    const {room, a} = await createJoined({
      needsStore: true,
      storage: {
        ...storage,
        // The app has always written more by when a commit is stored.
        put: (...args: [any]) => {
          tick();
          return storage.put(...args);
        },
      },
    });
    const store = room.room.store!;
    let ticks = 0;
    tick = () => {
      if (ticks < TICKS) {
        store.setValue('ticks', ++ticks);
      }
    };
    store.setValue('ticks', 0);
    const {bytes, offset} = (await room.room.getContent())!;
    const position = {epoch: 'epoch1', offset};
    const [, {ticks: told}] = JSON.parse(new TextDecoder().decode(bytes));
    expect(told).toBeLessThan(TICKS / 10);
    // It is what a client has that has followed up to there.
    const [, [, list]] = a.take().find(([, [at]]) => at == offset)!;
    expect(list).toEqual([[{}, {ticks: told}, 1]]);
    const [any, current] = await Promise.all([
      room.room.patchContent([{}, {any: 1}, 1], {
        ...{who: null, length: 0},
        isMet: ({epoch}) => epoch != '',
      }),
      room.room.patchContent([{}, {current: 1}, 1], {
        ...{who: null, length: 0},
        isMet: (at) => at.offset == position.offset,
      }),
    ]);
    expect(any).toMatchObject({effect: 'all', isExact: false});
    expect(current.effect).toBe('unmet');
    expect(ticks).toBeLessThan(TICKS / 10);
    ticks = TICKS;
    await settle();
    expect(await room.getContent()).toMatchObject([{}, {any: 1}]);
  });
});

describe('where storing fails', () => {
  const failure = new Error('The disk is full');

  test('K4: nobody is told, and sockets are closed with 1011', async () => {
    const storage = createHeldStorage();
    const {room, a, b} = await createJoined({storage});
    storage.fail(failure);
    await expect(a.push(1, {}, {v: 1})).rejects.toBe(failure);
    expect([a.take(), b.take()]).toEqual([[], []]);
    expect([a.closed?.[0], b.closed?.[0]]).toEqual([1011, 1011]);
    expect(await room.getContent()).toEqual([{}, {start: 0}]);
  });

  test('K4: the push is taken when it comes again', async () => {
    const storage = createHeldStorage();
    const {room, a, join} = await createJoined({storage, needsStore: true});
    storage.fail(failure);
    await expect(a.push(1, {}, {v: 1})).rejects.toBe(failure);
    const again = await join('a');
    await again.push(1, {}, {v: 1});
    expect(await room.getContent()).toEqual([{}, {start: 0, v: 1}]);
    room.restart();
    expect(await room.getContent()).toEqual([{}, {start: 0, v: 1}]);
  });

  test('K4: what came in the same turn is not half there', async () => {
    const storage = createHeldStorage();
    const {room, a, b} = await createJoined({storage});
    storage.fail(failure);
    const results = await Promise.allSettled([
      a.push(1, {}, {v: 1}),
      b.greet({epoch: 'epoch1', offset: 1}),
      b.push(1, {}, {w: 1}),
    ]);
    expect(results[0].status).toBe('rejected');
    const content = await room.getContent();
    room.restart();
    expect(await room.getContent()).toEqual(content);
    expect(content[1].start).toBe(0);
    expect((await room.getPosition()).epoch).toBe('epoch1');
  });

  test('K4: the first content is not there either', async () => {
    const storage = createHeldStorage();
    const room = createMemoryRoom({storage});
    storage.fail(failure);
    await expect(room.room.putContent([{}, {v: 1}], null)).rejects.toBe(
      failure,
    );
    expect(await room.getContent()).toBe(undefined);
    expect(await room.room.putContent([{}, {v: 2}], null)).toMatchObject({
      existed: false,
    });
    expect(await room.getContent()).toEqual([{}, {v: 2}]);
  });

  test('K4: what the own code wrote is forgotten, too', async () => {
    const storage = createHeldStorage();
    const {room, a} = await createJoined({storage, needsStore: true});
    storage.fail(failure);
    room.room.store!.setValue('own', 1);
    await settle();
    await settle();
    expect(a.closed?.[0]).toBe(1011);
    expect(await room.getContent()).toEqual([{}, {start: 0}]);
  });
});

describe('a room with a schema', () => {
  const createWithSchema = (values: any) => () =>
    createStore().setSchema(
      {t: {c: {type: 'number'}, d: {type: 'string', default: 'd'}}},
      values,
    );

  test('P4: applies what the schema lets through, and tells it', async () => {
    const {room, a, b} = await createJoined({
      createStore: createWithSchema({
        start: {type: 'number'},
        v: {type: 'number'},
      }),
    });
    await a.push(1, {t: {r: {c: 1, x: 1}}}, {v: 'text'});
    expect(a.take()).toEqual([
      ['c', [2, [[{t: {r: {c: 1, d: 'd'}}}, {}, 1]], {[a.mark]: [1, 1]}]],
    ]);
    expect(b.take()[0]![1][1]).toEqual([[{t: {r: {c: 1, d: 'd'}}}, {}, 1]]);
    expect(await room.getContent()).toEqual([
      {t: {r: {c: 1, d: 'd'}}},
      {start: 0},
    ]);
  });

  test('P6: answers what it adds to a push with the delta', async () => {
    const {a} = await createJoined({
      createStore: createWithSchema({start: {type: 'number'}}),
    });
    await a.push(1, {t: {r: {c: 1}}});
    const [[, [, delta, answers]]] = a.take() as [any];
    expect(delta).toEqual([[{t: {r: {c: 1, d: 'd'}}}, {}, 1]]);
    expect(answers).toEqual({[a.mark]: [1]});
  });

  test('P4: keeps a Cell that has a default, and the Row around it', async () => {
    const {room, a} = await createJoined({
      createStore: createWithSchema({start: {type: 'number'}}),
    });
    await a.push(1, {t: {r: {c: 1, d: 'mine'}}});
    a.take();
    await a.push(2, {t: {r: {d: '\uFFFC'}}});
    expect(a.take()).toEqual([
      ['c', [3, [[{t: {r: {d: 'd'}}}, {}, 1]], {[a.mark]: [2, 2]}]],
    ]);
    expect((await room.getContent())[0]).toEqual({t: {r: {c: 1, d: 'd'}}});
  });

  test('K3: stores and tells what a new schema makes of the content', async () => {
    const storage = createMemoryStorage();
    const before = createMemoryRoom({storage});
    await before.room.putContent([{t: {r: {c: 1, x: 1}}}, {v: 'text'}], null);
    const position = await before.getPosition();
    const room = createMemoryRoom({
      storage,
      createStore: createWithSchema({v: {type: 'number', default: 0}}),
    });
    const expected = [{t: {r: {c: 1, d: 'd'}}}, {v: 0}];
    expect(await room.getContent()).toEqual(expected);
    const welcome = await room.connect().greet(position);
    expect(welcome[5]).toEqual([[{t: {r: {x: '\uFFFC', d: 'd'}}}, {v: 0}, 1]]);
    room.restart();
    expect(await room.getContent()).toEqual(expected);
  });
});
