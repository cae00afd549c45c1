import {describe, expect, test} from 'vitest';
import {
  createMemoryRoom,
  type MemoryRoomOptions,
} from '../support/memory-room.js';

const createRoom = async (options: MemoryRoomOptions = {}) => {
  const room = createMemoryRoom(options);
  await room.room.putContent([{}, {start: 0}], null);
  const legacy = (id: string) => {
    const connection = room.connect(id);
    return {
      ...connection,
      connection,
      /** Sends changes as TinyBase's own client does. */
      send: async (tables: object, values: object = {}) => {
        await connection.say(`s${JSON.stringify([tables, values, 1])}`);
      },
      /** The changes that it was sent since last time. */
      getChanges: () =>
        connection
          .take()
          .filter(([letter]) => letter == 's')
          .map(([, changes]) => changes),
    };
  };
  return {room, legacy, a: legacy('a'), b: legacy('b')};
};

describe('a legacy client', () => {
  test('L1: gets what others write, and writes without a number', async () => {
    const {room, a, b} = await createRoom();
    const ours = room.connect('ours');
    await ours.greet(await room.getPosition());
    await a.send({t: {r: {c: '\uFFFD[1]'}}}, {v: 1});
    expect(b.getChanges()).toEqual([[{t: {r: {c: '\uFFFD[1]'}}}, {v: 1}, 1]]);
    expect(ours.take()).toEqual([
      ['c', [2, [[{t: {r: {c: '\uFFFD[1]'}}}, {v: 1}, 1]], {}]],
    ]);
    await ours.push(1, {t: {r: '\uFFFC'}});
    expect(a.getChanges()).toEqual([[{t: '\uFFFC'}, {}, 1]]);
    expect(await room.getContent()).toEqual([{}, {start: 0, v: 1}]);
  });

  test('L1: gets each change of a delta in a frame of its own', async () => {
    const {a, b, legacy} = await createRoom();
    const c = legacy('c');
    await a.send({t: {r: {a: 1}, s: {a: 1}}});
    await Promise.all([a.send({t: {r: '\uFFFC'}}), b.send({t: {r: {b: 2}}})]);
    expect(c.getChanges().slice(1)).toEqual([
      [{t: {r: '\uFFFC'}}, {}, 1],
      [{t: {r: {b: 2}}}, {}, 1],
    ]);
  });

  test('L1: is asked for a hello once, of which it takes no notice', async () => {
    const {a, b} = await createRoom();
    await a.send({}, {v: 1});
    await a.send({}, {v: 2});
    const frames = b.connection.take();
    expect(frames.filter(([letter]) => letter == 'w')).toEqual([
      ['w', [1, '']],
    ]);
  });

  test('L1: that says hello is none any more', async () => {
    const {room, a, b} = await createRoom();
    await b.greet(await room.getPosition());
    await a.send({}, {v: 1});
    expect(b.connection.take().map(([letter]) => letter)).toEqual(['c']);
  });

  test('L2: gets no echo', async () => {
    const {a, room} = await createRoom();
    await a.send({t: {r: {c: 1}}}, {v: 1});
    await a.send({}, {v: 2});
    expect(a.getChanges()).toEqual([]);
    expect((await room.getContent())[1].v).toBe(2);
  });

  test('L2: is shown the truth where both wrote the same', async () => {
    const {a, b} = await createRoom();
    await a.send({t: {r: {c: 'a'}}}, {v: 'a'});
    await b.send({t: {r: {c: 'b'}}}, {v: 'b'});
    // b wrote before it saw what a wrote: what comes after shows the truth.
    expect(b.getChanges()).toEqual([
      [{t: {r: {c: 'a'}}}, {v: 'a'}, 1],
      [{t: {r: {c: 'b'}}}, {v: 'b'}, 1],
    ]);
    expect(a.getChanges()).toEqual([[{t: {r: {c: 'b'}}}, {v: 'b'}, 1]]);
  });

  test('L2: is shown the truth where both wrote at once', async () => {
    const {a, b} = await createRoom();
    await Promise.all([a.send({t: {r: {c: 'a'}}}), b.send({t: {r: {c: 'b'}}})]);
    const truth = {t: {r: {c: 'b'}}};
    expect(a.getChanges().at(-1)[0]).toEqual(truth);
    expect(b.getChanges().at(-1)[0]).toEqual(truth);
  });

  test("L2: is shown the truth where the room's own code wrote", async () => {
    const {room, a} = await createRoom();
    await room.room.apply([{}, {v: 'room'}, 1]);
    a.getChanges();
    await a.send({}, {v: 'a'});
    expect(a.getChanges()).toEqual([[{}, {v: 'a'}, 1]]);
  });

  test('L2: is shown the truth of a Row that another deleted', async () => {
    const {room, a, b} = await createRoom();
    await a.send({t: {r: {c: 1, d: 1}, s: {c: 1}}});
    await b.send({t: {r: '\uFFFC'}});
    a.getChanges();
    await a.send({t: {r: {c: 2}}});
    expect(a.getChanges().at(-1)).toEqual([{t: {r: {c: 2}}}, {}, 1]);
    expect((await room.getContent())[0]).toEqual({
      t: {r: {c: 2}, s: {c: 1}},
    });
  });

  test('L2: gets no echo where the other wrote long ago', async () => {
    const {room, a, b} = await createRoom();
    await a.send({t: {r: {c: 'a'}}}, {v: 'a'});
    room.advance(10_000);
    b.getChanges();
    await b.send({t: {r: {c: 'b'}}}, {v: 'b'});
    expect(b.getChanges()).toEqual([]);
  });

  test('L2: gets no echo of another Row', async () => {
    const {a, b} = await createRoom();
    await a.send({t: {r: {c: 'a'}}});
    b.getChanges();
    await b.send({t: {s: {c: 'b'}}});
    expect(b.getChanges()).toEqual([]);
  });

  test('L3: is corrected where its write is refused', async () => {
    const {a, b, room} = await createRoom({
      hooks: {
        canSetCell: (...[, , , cell]) => cell !== 'refused',
        canSetValue: (...[, value]) => value !== 'refused',
        canDelRow: () => false,
      },
    });
    await a.send({t: {r: {c: 1}}});
    b.getChanges();
    await a.send({t: {r: {c: 'refused', d: 2}}}, {start: 'refused', v: 1});
    expect(a.getChanges()).toEqual([
      [{t: {r: {c: 1, d: 2}}}, {start: 0, v: 1}, 1],
    ]);
    expect(b.getChanges()).toEqual([[{t: {r: {d: 2}}}, {v: 1}, 1]]);
    await a.send({}, {new: 'refused'});
    expect(a.getChanges()).toEqual([[{}, {new: '\uFFFC'}, 1]]);
    await a.send({t: {r: '\uFFFC'}});
    expect(a.getChanges().at(-1)).toEqual([{t: {r: {c: 1, d: 2}}}, {}, 1]);
    expect((await room.getContent())[0]).toEqual({t: {r: {c: 1, d: 2}}});
  });

  test('L3: is corrected where a hook throws', async () => {
    const {a} = await createRoom({
      hooks: {
        canSetValue: (valueId) => {
          if (valueId == 'v') {
            throw new Error('A hook of the app failed');
          }
          return true;
        },
      },
    });
    await a.send({}, {v: 1}).catch(() => {});
    expect(a.getChanges()).toEqual([[{}, {v: '\uFFFC'}, 1]]);
  });

  test('P10: makes the Store of a room that has none', async () => {
    const room = createMemoryRoom();
    const [a, b] = [room.connect('a'), room.connect('b')];
    await a.say('s[{"t":{"r":{"c":1}}},{},1]');
    expect(await room.getContent()).toEqual([{t: {r: {c: 1}}}, {}]);
    expect(b.take().filter(([letter]) => letter == 's')).toEqual([
      ['s', [{t: {r: {c: 1}}}, {}, 1]],
    ]);
  });

  test('F1: sends nothing malformed into the room', async () => {
    const {room, a} = await createRoom();
    expect(a.connection.say('s[{"t":1},{},1]')).toBe(undefined);
    expect(await room.getContent()).toEqual([{}, {start: 0}]);
  });
});
