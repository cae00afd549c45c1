/** A room moves to another storage: all of it, at once, and nothing else. */
import {setImmediate} from 'node:timers/promises';
import {isDeepStrictEqual} from 'node:util';
import {createStore} from 'tinybase';
import {describe, expect, test} from 'vitest';
import {Residence} from '../../src/server/move/residence.js';
import {hasStore} from '../../src/server/stored-content.js';
import type {Head} from '../../src/server/storage/head.js';
import {Layout} from '../../src/server/storage/layout.js';
import {RoomLog} from '../../src/server/storage/room-log.js';
import {createMemoryRoom} from '../support/memory-room.js';
import {
  createMovingRoom,
  getAnswered,
  getKept,
  type MovingRoom,
} from '../support/moving-rooms.js';
import {createRandomInteger, editAtRandom} from '../support/random-edits.js';
import {appendChanges, createLog, getKeys} from '../support/room-logs.js';

const SEEDS = 12;
const APP_KEYS: [string, unknown][] = [
  ['votes', 3],
  ['__ps_name', 'of the platform'],
  ['#tbpk:alarm', {at: 5}],
];
const WEBHOOKS = {room: 'r', cursors: {tag: {epoch: 'e', offset: 1}}};

/** A room with a content, a log, answered clients and keys of the app's. */
const fill = async (
  source: MovingRoom,
  random = createRandomInteger(1),
  edits = 30,
): Promise<void> => {
  const {storage, storagePrefix, room} = source;
  for (const [key, value] of APP_KEYS) {
    await storage.put(key, value);
  }
  await storage.put(`${storagePrefix}#tbpk:webhooks`, WEBHOOKS);
  await room.room.putContent([{t: {r: {c: 'ü\u0000\uD800'}}}, {}], null);
  const store = createStore();
  const connection = room.connect();
  await connection.greet({clientId: 'c'});
  for (let edit = 1; edit <= edits; edit++) {
    let pushed: any;
    const id = store.addDidFinishTransactionListener(() => {
      pushed = store.getTransactionChanges();
    });
    store.transaction(() => {
      editAtRandom(store, random, edit);
      store.setValue('long', random(4) ? edit : 'x'.repeat(random(100_000)));
    });
    store.delListener(id);
    const [tables, values] = JSON.parse(
      JSON.stringify(pushed, (_, thing) =>
        thing === undefined ? '\uFFFC' : thing,
      ),
    );
    await connection.push(edit, tables, values);
  }
  // It may be in the midst of a compaction, or through with it.
  for (let step = random(30); step > 0; step--) {
    room.advance(10);
    await setImmediate();
  }
};

/** What a room's log knows, in whichever storage. */
const readLog = async ({storage, storagePrefix}: MovingRoom) => {
  const log = new RoomLog(storage, storagePrefix);
  await log.open(() => '', true);
  const {epoch, offset} = log;
  return {
    epoch,
    offset,
    content: await log.readContent(),
    clients: [...(await log.readClients())],
    commits: await log.readCommits(offset - 5, {
      maxCount: 10,
      maxBytes: 1e9,
    }),
  };
};

const arrive = (target: MovingRoom): Promise<any[]> =>
  target.survive(target.room.connect().greet({clientId: 'c'}));

describe('M1: a room moves', () => {
  test.each(Array.from({length: SEEDS}, (_, index) => index + 1))(
    'with content, log, clients and cursors (seed %i)',
    async (seed) => {
      const random = createRandomInteger(seed);
      const source = createMovingRoom(random(2) ? 'old/' : '');
      const target = createMovingRoom(random(2) ? 'new/' : '');
      await target.storage.put('votes', 'its own');
      await fill(source, random, random(30));
      const before = await readLog(source);
      const app = source.storage.getEntries();

      target.start({origin: source});
      await arrive(target);

      expect(await readLog(target)).toEqual(before);
      const ours = `${target.storagePrefix}#tbpk:`;
      expect(
        target.storage.getEntries().filter(([key]) => !key.startsWith(ours)),
      ).toEqual([['votes', 'its own']]);
      expect(new Map(getKept(target)).get('#tbpk:webhooks')).toEqual(WEBHOOKS);
      // The source has lost nothing, but that it lives there.
      expect(source.storage.getEntries()).toEqual(expect.arrayContaining(app));
      // What is left of the past stays behind, and the room goes on.
      const connection = target.room.connect();
      const welcome = await connection.greet({clientId: 'c'});
      const [last] = welcome[4];
      await connection.push(last, {}, {again: true});
      await connection.push(last + 1, {}, {next: true});
      expect(getAnswered(connection)).toBe(last + 1);
      const content = await target.room.getContent();
      expect(content[1].next).toBe(true);
      expect(content[1]).not.toHaveProperty('again');
    },
  );

  test('from what TinyBase has stored', async () => {
    const source = createMovingRoom();
    await source.storage.put({hasStore: 1, 't"t","r","c"': 1, vv: 2, votes: 3});
    const target = createMovingRoom('new/');
    target.start({origin: source});
    await arrive(target);
    expect(await target.room.getContent()).toEqual([
      {t: {r: {c: 1}}},
      {v: 2, otes: 3},
    ]);
    expect(target.storage.getEntries().map(([key]) => key)).not.toContain(
      'votes',
    );
  });

  test('with commits that share a key with some that the snapshot has', async () => {
    const source = createMovingRoom();
    const {storage, storagePrefix: prefix} = source;
    const log = await createLog(storage, [{}, {}], {
      prefix,
      limits: {maxCatchUpBytes: 0},
    });
    const add = (text: string) =>
      appendChanges(log, [{}, {[`v${log.offset + 1}`]: text}]);
    await add('x'.repeat(70_000));
    await add('before');
    await add('before');
    for await (const _ of log.compact()) {
      await add('meanwhile');
    }
    const head = (await storage.get(`${prefix}#tbpk:head`)) as Head;
    const layout = new Layout(prefix);
    const [page] = getKeys(storage).filter((key) =>
      key.startsWith(layout.entries),
    );
    expect(layout.parseOffset(page!)).toBeLessThanOrEqual(head.tail.offset);
    expect(log.offset).toBeGreaterThan(head.tail.offset);

    const before = await readLog(source);
    const target = createMovingRoom('new/');
    target.start({origin: source});
    await arrive(target);
    expect(await readLog(target)).toEqual(before);
  });

  test('and the archive is the same when it is asked for again', async () => {
    const source = createMovingRoom();
    await fill(source);
    const read = async () => {
      const lines: string[] = [];
      for await (const line of await source.room.room.leave()) {
        lines.push(line);
      }
      return lines;
    };
    const first = await read();
    source.start();
    expect(await read()).toEqual(first);
  });
});

describe('M2: who is in a room that leaves', () => {
  test('is answered first, and sent away, TinyBase’s own clients, too', async () => {
    const source = createMovingRoom();
    await fill(source, undefined, 1);
    const greeted = source.room.connect('greeted');
    const legacy = source.room.connect('legacy');
    await greeted.greet({clientId: 'g'});
    const {mark} = greeted;
    const pushed = greeted.push(1, {}, {last: 1});
    const leaving = source.room.room.leave();
    const late = greeted.push(2, {}, {late: 1}).catch(() => 'refused');
    await Promise.all([pushed, leaving]);
    await late;
    expect(getAnswered(greeted, {...greeted, mark})).toBe(1);
    for (const {closed} of [greeted, legacy]) {
      expect(closed?.[0]).toBe(1012);
    }
    const {clients, content} = await readLog(source);
    expect(Object.fromEntries(clients)['g']).toEqual([1]);
    expect(content[1]).toMatchObject({last: 1});
    expect(content[1]).not.toHaveProperty('late');
  });

  test('is told of what the app writes at the last moment', async () => {
    const source = createMovingRoom();
    await fill(source, undefined, 1);
    await source.room.room.load();
    const {storage} = source.life;
    const put = storage.put as (entries: object) => Promise<void>;
    storage.put = async (entries: any) => {
      if (entries['#tbpk:move']) {
        source.room.room.store!.setValue('late', 1);
      }
      await put(entries);
    };
    await source.room.room.leave();
    expect((await readLog(source)).content[1]).toHaveProperty('late', 1);
  });

  test('can neither read nor write it any more', async () => {
    const source = createMovingRoom();
    await fill(source, undefined, 1);
    await source.room.room.leave();
    const {offset} = await readLog(source);
    for (const isAwake of [true, false]) {
      if (!isAwake) {
        source.start();
      }
      const {room} = source.room;
      const asks = [
        () => room.getContent(),
        () => room.load(),
        () => room.putContent([{}, {v: 1}], null),
        () => room.patchContent([{}, {v: 1}, 1], {who: null, length: 1}),
        () => room.apply([{}, {v: 1}, 1]),
        () => source.room.connect('new').greet(),
        () => source.room.connect('legacy').say('s[{},{"v":1},1]')!,
      ];
      for (const ask of asks) {
        await expect(ask()).rejects.toThrow('The room has moved');
      }
    }
    expect((await readLog(source)).offset).toBe(offset);
  });

  test('finds it again when it has come back', async () => {
    const source = createMovingRoom();
    await fill(source, undefined, 1);
    await source.room.room.leave();
    await source.room.room.return();
    const connection = source.room.connect();
    expect((await connection.greet({clientId: 'c'}))[4]).toEqual([1]);
  });
});

describe('M7: what is noted, and nobody knows', () => {
  test('a room whose leaving may have been noted takes nothing more', async () => {
    const source = createMovingRoom();
    await fill(source, undefined, 1);
    const {storage} = source.life;
    const put = storage.put as (entries: object) => Promise<void>;
    storage.put = async (entries: any) => {
      await put(entries);
      if (entries['#tbpk:move']) {
        throw new Error('storage failed');
      }
    };
    await source.room.room.leave();
    const {offset} = await readLog(source);
    await expect(
      source.room.room.patchContent([{}, {v: 1}, 1], {who: null, length: 1}),
    ).rejects.toThrow('The room has moved');
    expect((await readLog(source)).offset).toBe(offset);
  });

  test.each(['told to come back', 'sent to another one, which has none'])(
    'a room that has come in part and is %s begins with nothing of it',
    async (what) => {
      const source = createMovingRoom();
      const target = createMovingRoom('new/', 'http://new/parties/main');
      await fill(source, undefined, 1);
      const connection = source.room.connect();
      await connection.greet({clientId: 'many'});
      // More than is written at a time.
      for (let id = 1; id <= 110; id++) {
        await connection.push(id, {}, {id, text: 'x'.repeat(20_000)});
      }
      let count = 0;
      for await (const _ of await source.room.room.leave()) {
        count++;
      }
      target.start({origin: source, maxLines: count - 1});
      await expect(arrive(target)).rejects.toThrow('try again');
      const rest = target.storage.getEntries().map(([key]) => key);
      expect(rest.some((key) => key.startsWith('new/#tbpk:l:'))).toBe(true);
      if (what == 'told to come back') {
        target.start();
        await target.room.room.return();
      } else {
        target.start({origin: createMovingRoom()});
      }
      await target.room.room.putContent([{}, {v: 1}], null);
      target.start();
      expect(await target.room.getContent()).toEqual([{}, {v: 1}]);
      expect((await target.room.getPosition()).offset).toBe(1);
    },
  );

  test('a room that is told to come back asks no more where it was', async () => {
    const source = createMovingRoom();
    const target = createMovingRoom();
    target.start({origin: source, maxLines: 0});
    await expect(arrive(target)).rejects.toThrow('try again');
    await target.room.room.return();
    expect((await arrive(target))[2]).toBe('');
  });
});

describe('M3: a room that is nowhere', () => {
  test('begins where it was asked for, and nowhere else', async () => {
    const source = createMovingRoom();
    const target = createMovingRoom();
    target.start({origin: source});
    expect((await arrive(target))[2]).toBe('');
    await target.room.room.putContent([{}, {v: 1}], null);
    await expect(
      source.room.room.putContent([{}, {v: 2}], null),
    ).rejects.toThrow('The room has moved');
    // It does not ask again.
    target.start({origin: source, maxLines: 0});
    expect(await target.room.getContent()).toEqual([{}, {v: 1}]);
  });
});

describe('M6: a room that moves on to a third storage', () => {
  test('comes from the first, also where nobody has visited the second', async () => {
    const first = createMovingRoom('', 'http://second/from/first');
    const second = createMovingRoom('', 'http://second/from/first');
    const third = createMovingRoom('', 'http://third/from/second');
    await fill(first, undefined, 3);
    const before = await readLog(first);
    // What the second cannot tell yet is not taken for nothing.
    second.start({origin: first, maxLines: 2});
    third.start({origin: second});
    await expect(arrive(third)).rejects.toThrow('try again');
    second.start({origin: first});
    await arrive(third);
    expect(await readLog(third)).toEqual(before);
    // The second does not take up again what the third has.
    second.start({origin: first});
    await expect(arrive(second)).rejects.toThrow();
    await arrive(third);
  });

  test('also where it is empty', async () => {
    const first = createMovingRoom();
    const second = createMovingRoom();
    const third = createMovingRoom();
    second.start({origin: first});
    third.start({origin: second});
    expect((await arrive(third))[2]).toBe('');
    second.start();
    await expect(arrive(second)).rejects.toThrow('has moved');
  });
});

describe('M4: a move that is cut off', () => {
  const FAULTS = 30;

  /** Has a room move while something fails, and then again; how often it did. */
  const check = async (
    fail: (source: MovingRoom, target: MovingRoom, at: number) => void,
  ): Promise<number> => {
    let failures = 0;
    for (let at = 1; at <= FAULTS; at++) {
      const source = createMovingRoom();
      const target = createMovingRoom('new/');
      await fill(source, createRandomInteger(at), 6);
      const before = await readLog(source);
      fail(source, target, at);
      const welcome = await arrive(target).catch(() => undefined);
      if (!welcome) {
        failures++;
        const isHalfDone = await hasStore(target.storage, 'new/');
        expect(isHalfDone && (await readLog(target))).toSatisfy(
          (done) => !done || isDeepStrictEqual(done, before),
        );
        if ((await source.storage.get('#tbpk:move'))?.isAway && !isHalfDone) {
          // Whoever comes there now does not begin another one.
          target.start();
          const began = target.room.room.putContent([{}, {}], null);
          await expect(began).rejects.toThrow('The room has moved');
        }
      }
      source.start();
      target.start({origin: source});
      expect((await arrive(target))[2]).toBe(before.epoch);
      expect(await readLog(target)).toEqual(before);
    }
    return failures;
  };

  test('at any line of the archive', async () => {
    const failures = await check((source, target, at) =>
      target.start({origin: source, maxLines: at - 1}),
    );
    expect(failures).toBeGreaterThan(5);
  });

  test('by a crash at any write of the target', async () => {
    const failures = await check((source, target, at) =>
      target.start({origin: source, lastWrite: at}),
    );
    expect(failures).toBeGreaterThan(2);
  });

  test('by a crash at any write of the source', async () => {
    const failures = await check((source, target, at) => {
      source.start({lastWrite: at});
      target.start({origin: source});
    });
    expect(failures).toBeGreaterThan(0);
  });

  test.each(['source', 'target'] as const)(
    'by any call to the storage of the %s that fails',
    async (side) => {
      const failures = await check((source, target, at) => {
        source.start();
        target.start({origin: source});
        failAt({source, target}[side].life.storage, at);
      });
      expect(failures).toBeGreaterThan(3);
    },
  );
});

/** Has one call to a storage fail, and do nothing. */
const failAt = (storage: any, at: number): void => {
  let calls = 0;
  for (const name of ['get', 'list', 'put', 'delete']) {
    const call = storage[name];
    storage[name] = (...args: any[]) =>
      ++calls == at
        ? Promise.reject(new Error('storage failed'))
        : call(...args);
  }
};

test('M5: an archive that is none, or of another version, is refused', async () => {
  for (const line of [
    undefined,
    '<html>',
    '{"format":"tinybase-partykit/archive","version":2}',
  ]) {
    const room = createMemoryRoom();
    const {storage} = room;
    Object.assign(room.edge, {
      residence: new Residence({
        storage,
        storagePrefix: '',
        origin: {
          url: 'http://old',
          fetchArchive: async () =>
            (async function* () {
              if (line !== undefined) {
                yield line;
              }
            })(),
        },
      }),
    });
    await expect(room.connect().greet()).rejects.toThrow('try again');
    await expect(room.room.putContent([{}, {}], null)).rejects.toThrow();
    expect(await storage.get('#tbpk:head')).toBe(undefined);
  }
});
