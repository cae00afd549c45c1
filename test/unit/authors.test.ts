/** Whose doing commits are; random turns are in test/unit/authors-random.test.ts. */
import {TinyBasePartyKitServer} from 'tinybase-partykit/server';
import {describe, expect, test} from 'vitest';
import {parsePage} from '../../src/server/storage/log-page.js';
import {joinText} from '../../src/server/storage/pieces.js';
import {createFakeParty} from '../support/fake-party.js';
import {createFeedRoom} from '../support/feed-room.js';
import type {MemoryRoomOptions} from '../support/memory-room.js';
import {
  createMemoryStorage,
  type MemoryStorage,
} from '../support/memory-storage.js';
import {
  appendChanges,
  compact,
  createLog,
  openLog,
} from '../support/room-logs.js';

type Who = {id?: string; agent?: unknown} | null;

/** Of a connection what comes before a dash in its id, of others the agent. */
const getAgent = (who: Who): any => who?.agent ?? who?.id?.split('-')[0];

/** The latest entry of a log. */
const readEntry = (storage: MemoryStorage): unknown[] => {
  const entries = storage.getEntries().filter(([key]) => key.includes('l:'));
  const text = joinText([entries.at(-1)![1]]);
  return parsePage(0, text).entries.at(-1)![1];
};

const by = (agent?: unknown) => ({who: {agent}, length: 0});

/** A room with a Store that asks for authors, and connections that have joined. */
const createScene = async (options: MemoryRoomOptions = {}) => {
  const scene = createFeedRoom({getAuthor: getAgent, ...options});
  await scene.put([{}, {start: 0}]);
  const {room, request} = scene;
  const join = async (id: string) => {
    const connection = room.connect(id);
    await connection.greet(await room.getPosition());
    return connection;
  };
  /** What each commit has set, and whose it was. */
  const getHistory = async (since = 1): Promise<[any, unknown][]> =>
    (await (await request(`?since=${since}`)).json()).map(
      ({author, changes}: any) => [
        Object.assign({}, ...changes.map(([, values]: any) => values)),
        author,
      ],
    );
  return {...scene, join, getHistory};
};

describe('a commit', () => {
  test('V16: has the pushes of one author', async () => {
    const {room, join, getHistory} = await createScene();
    const [ann, alsoAnn, bob] = [
      await join('ann-1'),
      await join('ann-2'),
      await join('bob'),
    ];
    room.storage.takePuts();
    const [, , , , patched] = await Promise.all([
      ann.push(1, {}, {a: 1}),
      alsoAnn.push(1, {}, {b: 1}),
      bob.push(1, {}, {a: 2}),
      ann.push(2, {}, {a: 3}),
      room.room.patchContent([{}, {c: 1}, 1], by('cron')),
      room.room.patchContent([{}, {d: 1}, 1], by()),
    ]);
    expect(await getHistory()).toEqual([
      [{a: 1, b: 1}, 'ann'],
      [{a: 2}, 'bob'],
      [{a: 3}, 'ann'],
      [{c: 1}, 'cron'],
      [{d: 1}, undefined],
    ]);
    expect(patched).toMatchObject({position: {offset: 6}});
    expect(room.storage.takePuts()).toHaveLength(5);
    const told = alsoAnn
      .take()
      .map(([, [offset, , answers]]) => [offset, answers]);
    expect(told).toEqual([
      [3, {[ann.mark]: [1], [alsoAnn.mark]: [1]}],
      [4, undefined],
      [5, undefined],
      [6, {}],
      [7, {}],
    ]);
  });

  test('V16: says it in the feed, also of TinyBase’s own clients', async () => {
    const {room, open, join} = await createScene();
    const stream = await open();
    const legacy = room.connect('old');
    await legacy.say('s[{},{"v":1},1]');
    await (await join('ann')).push(1, {}, {v: 2});
    expect(
      stream.events.map(({name, data}: any) => [name, data.author]),
    ).toEqual([
      ['content', undefined],
      ['commit', 'old'],
      ['commit', 'ann'],
    ]);
    const resumed = await open('?since=1');
    expect(resumed.events).toMatchObject([{name: 'commit'}]);
    expect(resumed.events[0]!.data).not.toHaveProperty('author');
  });

  test('V16: of the room’s own code is nobody’s, as far as it is its own', async () => {
    const {room, join, getHistory} = await createScene({
      getAuthor: (who) => {
        if (who?.id == 'ann') {
          // In the turn of the push, and not awaited by it.
          room.room.store!.setValue('asked', true);
        }
        return getAgent(who);
      },
    });
    const ann = await join('ann');
    await Promise.all([
      room.room.apply([{}, {before: 1}, 1]),
      ann.push(1, {}, {v: 1}),
      room.room.apply([{}, {after: 1}, 1]),
    ]);
    room.room.store!.setValue('alone', 1);
    await ann.push(2, {}, {v: 2});
    const listener = room.room.store!.addValueListener(
      'v',
      (store) => {
        store.setValue('twice', 1);
      },
      true,
    );
    await ann.push(3, {}, {v: 3});
    room.room.store!.delListener(listener);
    expect(await getHistory()).toEqual([
      [{before: 1, asked: true}, undefined],
      [{v: 1}, 'ann'],
      [{after: 1}, undefined],
      [{alone: 1}, undefined],
      [{v: 2}, 'ann'],
      [{v: 3, twice: 1}, 'ann'],
    ]);
  });

  test('V16: that only refuses says it, too', async () => {
    const {join, getHistory} = await createScene({
      hooks: {canSetValue: (id) => id != 'refused'},
    });
    const ann = await join('ann');
    await ann.push(1, {}, {refused: 1});
    expect(await getHistory()).toEqual([[{}, 'ann']]);
  });

  test('V16, B4: met by a PATCH is its author’s', async () => {
    const {room, join, getHistory} = await createScene({
      hooks: {
        canSetValue: (id) => {
          if (id == 'v') {
            room.room.store!.setValue('hook', 1);
          }
          return true;
        },
      },
    });
    const bob = await join('bob');
    const isMet = () => true;
    await Promise.all([
      bob.push(1, {}, {w: 1}),
      room.room.patchContent([{}, {v: 1}, 1], {...by('cron'), isMet}),
      bob.push(2, {}, {w: 2}),
    ]);
    expect(await getHistory()).toEqual([
      [{w: 1}, 'bob'],
      // The hook's doing: in the turn of who was asked for.
      [{hook: 1}, 'cron'],
      [{v: 1}, 'cron'],
      [{w: 2}, 'bob'],
    ]);
  });

  test('V16: keeps it, whatever it is, and when the room starts again', async () => {
    const storage = createMemoryStorage();
    const {room, getHistory} = await createScene({storage});
    const authors = [
      ...['', '__proto__', '"],[', '\uD800', '\u0000', 'é'.repeat(256)],
      ...[undefined, null],
    ];
    for (const [index, author] of authors.entries()) {
      await room.room.patchContent([{}, {v: index}, 1], {
        who: {
          get agent() {
            return author;
          },
        },
        length: 0,
      });
    }
    room.restart();
    expect(await getHistory()).toEqual(
      authors.map((author, index) => [{v: index}, author ?? undefined]),
    );
  });

  test('V16: that a room did not ask about has none stored', async () => {
    const {room, join, getHistory} = await createScene({getAuthor: undefined});
    const [ann, bob] = [await join('ann'), await join('bob')];
    room.storage.takePuts();
    await Promise.all([ann.push(1, {}, {a: 1}), bob.push(1, {}, {b: 1})]);
    expect(room.storage.takePuts()).toHaveLength(1);
    expect(await getHistory()).toEqual([[{a: 1, b: 1}, undefined]]);
    expect(readEntry(room.storage)).toHaveLength(5);
  });
});

describe('a room that asks whose doing it is', () => {
  test('V16: asks once for each push, and not again for a repeated one', async () => {
    const asked: unknown[] = [];
    const {room, join} = await createScene({
      getAuthor: async (who) => void asked.push(who?.id ?? who?.agent),
    });
    const ann = await join('ann');
    await ann.push(1, {}, {v: 1});
    await ann.push(1, {}, {v: 1});
    const key = {client: 'mirror', number: 1};
    await room.room.patchContent([{}, {v: 2}, 1], {...by('cron'), key});
    await room.room.patchContent([{}, {v: 2}, 1], {...by('cron'), key});
    const isMet = () => false;
    await room.room.patchContent([{}, {v: 3}, 1], {...by('cron'), isMet});
    expect(asked).toEqual([undefined, 'ann', 'cron']);
  });

  test.each<[string, unknown, RegExp]>([
    ['is too long', 'x'.repeat(257), /257 UTF-16 units.*at most 256/],
    ['is a number', 7, /type number.*user/],
    ['is thrown', new Error('Who is this?'), /Who is this/],
  ])('V16, P9: refuses where the answer %s', async (_, answer, message) => {
    const {room, join, getHistory} = await createScene({
      getAuthor: async (who) => {
        const agent = getAgent(who);
        if (agent == 'bad' && answer instanceof Error) {
          throw answer;
        }
        return agent == 'bad' ? answer : agent;
      },
    });
    const [bad, ann] = [await join('bad'), await join('ann')];
    const legacy = room.connect('bad-2');
    const key = {client: 'mirror', number: 1};
    const results = await Promise.allSettled([
      ann.push(1, {}, {v: 1}),
      bad.push(1, {}, {v: 2}),
      legacy.say('s[{},{"v":3},1]'),
      room.room.patchContent([{}, {v: 4}, 1], {...by('bad'), key}),
      ann.push(2, {}, {w: 1}),
    ]);
    expect(
      results.map((result: any) => message.test(result.reason?.message)),
    ).toEqual([false, true, true, true, false]);
    expect(await getHistory()).toEqual([[{v: 1, w: 1}, 'ann']]);
    expect(bad.take().at(-1)![1][2]).toMatchObject({[bad.mark]: [1, 1]});
    // Who was not told it yet is shown the truth.
    expect(legacy.take().some(([letter]) => letter == 's')).toBe(true);
    room.restart();
    const again = await room.room.patchContent([{}, {v: 4}, 1], {
      ...by('cron'),
      key,
    });
    expect(again.effect).toBe('none');
  });

  test('V16: may be written to meanwhile', async () => {
    const {room, join, getHistory} = await createScene({
      getAuthor: async (who) => {
        if (who) {
          await room.room.apply([{}, {[`of ${who.id}`]: 1}, 1]);
        }
        return who?.id;
      },
    });
    await (await join('ann')).push(1, {}, {v: 1});
    expect(await getHistory()).toEqual([
      [{'of ann': 1}, undefined],
      [{v: 1}, 'ann'],
    ]);
  });

  test('V16: knows whose the first content was', async () => {
    const scene = createFeedRoom({getAuthor: () => 'ann'});
    await scene.put([{}, {v: 0}]);
    const read = () =>
      scene.room.room.read(async ({firstAuthor}) => firstAuthor);
    expect(await read()).toBe('ann');
    scene.room.restart();
    expect(await read()).toBe('ann');
    const pushed = createFeedRoom({getAuthor: getAgent});
    const {room} = pushed.room;
    await room.patchContent([{}, {v: 1}, 1], by('cron'));
    expect(await room.read(async ({firstAuthor}) => firstAuthor)).toBe('cron');
  });
});

describe('a class', () => {
  const readHistory = async (party: ReturnType<typeof createFakeParty>) => {
    const response = await party.request('GET', '/store?since=1');
    return (await response.json()).map(({author}: any) => author);
  };

  test('V16: that has getAuthor is asked by request and connection', async () => {
    class Room extends TinyBasePartyKitServer {
      override getAuthor(who: any) {
        // It may look it up in the Store.
        this.getStore().getTable('users');
        return Promise.resolve('headers' in who ? who.method : who.id);
      }
    }
    const party = createFakeParty(Room);
    await party.request('PUT', '/store', '[{},{"v":0}]');
    await party.request('PATCH', '/store', '[{},{"v":1},1]');
    const {connection} = party.connect('ann');
    await party.server.onMessage('s[{},{"v":2},1]', connection);
    expect(await readHistory(party)).toEqual(['PATCH', 'ann']);
  });

  test('V16: that has none stores none', async () => {
    const party = createFakeParty(class extends TinyBasePartyKitServer {});
    await party.request('PUT', '/store', '[{},{"v":0}]');
    await party.request('PATCH', '/store', '[{},{"v":1},1]');
    expect(await readHistory(party)).toEqual([undefined]);
    expect(party.server.getAuthor({} as any)).toBe(undefined);
  });
});

describe('the log', () => {
  const BOUNDS = {maxCount: 100, maxBytes: 1_000_000};

  test('V16, S1: has authors beside entries of before', async () => {
    const storage = createMemoryStorage();
    const log = await createLog(storage);
    await appendChanges(log, [{}, {v: 1}]);
    const list = [[{}, {v: 2}, 1]] as any;
    const commit = {list, text: JSON.stringify(list), answers: new Map()};
    await log.append({...commit, offset: 3, author: 'ann'});
    await log.append({...commit, offset: 4, author: 'bob', time: 5});
    const reopened = await openLog(storage);
    expect(reopened.offset).toBe(4);
    expect(await reopened.readCommits(1, BOUNDS)).toMatchObject([
      {offset: 2, time: undefined, author: undefined},
      {offset: 3, time: undefined, author: 'ann'},
      {offset: 4, time: 5, author: 'bob'},
    ]);
    // As it was before authors: what it does not know it passes by.
    expect(readEntry(storage).slice(4)).toEqual([5, 'bob']);
  });

  test('V16, S2: keeps them when it is compacted', async () => {
    const storage = createMemoryStorage();
    const {room, getHistory} = await createScene({storage});
    for (let n = 1; n <= 20; n++) {
      const value = `${n} `.padEnd(9_000, 'x');
      await room.room.patchContent([{}, {v: value}, 1], by(`author ${n}`));
    }
    room.restart();
    const log = await openLog(storage);
    expect(await compact(log)).toBeGreaterThan(0);
    expect(log.firstAuthor).toBe(undefined);
    const history = await getHistory();
    expect(history.map(([, author]) => author)).toEqual(
      Array.from({length: 20}, (_, index) => `author ${index + 1}`),
    );
  });

  test('V16, S8: counts them among its bytes', async () => {
    const [log, other] = [
      await createLog(createMemoryStorage()),
      await createLog(createMemoryStorage()),
    ];
    const needs: string[] = [];
    for (const [one, author] of [
      [log, undefined],
      [other, '\uD800'.repeat(256)],
    ] as const) {
      for (let offset = 2; offset < 60; offset++) {
        const list = [[{}, {v: offset}, 1]] as any;
        const text = JSON.stringify(list);
        await one.append({offset, list, text, answers: new Map(), author});
      }
      needs.push(one.getCompactionNeed());
    }
    expect(needs).toEqual(['none', 'due']);
  });
});
