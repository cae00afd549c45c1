/** What becomes of a PATCH; test/unit/patch-conditions.test.ts has the rest. */
import fc from 'fast-check';
import {createStore} from 'tinybase';
import {TinyBasePartyKitServer} from 'tinybase-partykit/server';
import {describe, expect, test} from 'vitest';
import {applyToFlat, flatten, toText} from '../simulation/flat-content.js';
import {
  arbitraryChanges,
  arbitraryContent,
} from '../support/arbitrary-changes.js';
import {
  applyByRules,
  arbitraryRules,
  createRuledHooks,
} from '../support/arbitrary-rules.js';
import {createFakeParty} from '../support/fake-party.js';
import {createHeldStorage} from '../support/held-storage.js';
import type {MemoryRoomOptions} from '../support/memory-room.js';
import {createPatchedRoom} from '../support/patched-room.js';
import {settle} from '../support/scripted-world.js';
import {until} from '../support/until.js';
import {getRuns} from '../support/runs.js';

/** Others: `SEED=2 npx vitest run test/unit`. */
const SEED = Number(process.env.SEED ?? 1);

const RUNS = getRuns('RUNS', 300);
const DEL = '\uFFFC';
/** For what has to come in the same turn as something else. */
const OPTIONS = {who: undefined, length: 0};

/** A room with a Store and a client who has joined it. */
const createJoined = async (options: MemoryRoomOptions = {}) => {
  const patched = createPatchedRoom(options);
  const {room} = patched;
  await room.room.putContent([{}, {start: 0}], null);
  const a = room.connect('a');
  await a.greet(await room.getPosition());
  return {...patched, a};
};

describe('a PATCH', () => {
  test('B1, B2: is applied, stored, told and answered', async () => {
    const {room, a, patch} = await createJoined();
    const response = await patch([{t: {r: {c: [1], d: 2}}}, {start: DEL}, 1]);
    expect(response.status).toBe(200);
    expect(response.headers.get('Content-Type')).toMatch(/^application\/json/);
    expect(await response.json()).toEqual({epoch: 'epoch1', offset: 2});
    const told = [{t: {r: {c: '\uFFFD[1]', d: 2}}}, {start: DEL}, 1];
    expect(a.take()).toEqual([['c', [2, [told], {}]]]);
    room.restart();
    expect(await room.getContent()).toEqual([
      {t: {r: {c: '\uFFFD[1]', d: 2}}},
      {},
    ]);
  });

  test('B1: loads no Store where no hook or schema needs it', async () => {
    const {room, patch} = await createJoined();
    room.restart();
    expect((await patch([{}, {v: 1}, 1])).status).toBe(200);
    expect(room.room.store).toBe(undefined);
    expect(await room.getContent()).toEqual([{}, {start: 0, v: 1}]);
  });

  test('B1: asks the hooks with the request, deletions too', async () => {
    const seen: any[] = [];
    const note = (...args: unknown[]) => !!seen.push(args);
    const {patch} = await createJoined({
      hooks: {
        canSetTable: note,
        canDelTable: note,
        canSetRow: note,
        canDelRow: note,
        canSetCell: note,
        canDelCell: note,
        canSetValue: note,
        canDelValue: note,
      },
    });
    await patch([{t: {r: {c: 1}}}, {}, 1]);
    seen.length = 0;
    await patch([{t: {r: {c: [2]}}}, {start: 1}, 1]);
    await patch([{t: DEL}, {start: DEL}, 1]);
    const request = expect.any(Request);
    expect(seen).toEqual([
      ['t', false, request],
      ['t', 'r', false, request],
      ['t', 'r', 'c', [2], false, request, 1],
      ['start', 1, false, request, 0],
      ['t', request],
      ['t', 'r', request],
      ['t', 'r', 'c', request],
      ['start', request],
    ]);
  });

  test('B1, P10: makes the Store of a room that has none', async () => {
    const {room, patch} = createPatchedRoom();
    const a = room.connect('a');
    await a.greet();
    expect(await (await patch([{}, {v: 1}, 1])).json()).toEqual({
      epoch: 'epoch1',
      offset: 1,
    });
    // It has content of its own perhaps: it is to come and load this.
    expect(a.take()).toEqual([['w', [1, '']]]);
    expect(await room.getContent()).toEqual([{}, {v: 1}]);
  });

  test('B1: makes no Store where it holds nothing', async () => {
    const {room, patch} = createPatchedRoom();
    expect(await (await patch([{}, {}, 1])).json()).toEqual({
      epoch: '',
      offset: 0,
    });
    expect(await room.getContent()).toBe(undefined);
  });

  test('B1, K2, P6: is one commit with the pushes of its turn', async () => {
    const {room, a} = await createJoined();
    room.storage.takePuts();
    const [, ...results] = await Promise.all([
      a.push(1, {}, {v: 'a', w: 'a'}),
      room.room.patchContent([{}, {v: 'patch'}, 1], OPTIONS),
      room.room.patchContent([{}, {y: 'patch'}, 1], OPTIONS),
      a.push(2, {}, {x: 'a'}),
    ]);
    expect(room.storage.takePuts()).toHaveLength(1);
    const position = {epoch: 'epoch1', offset: 5};
    expect(results.slice(0, 2)).toMatchObject([
      {effect: 'all', position},
      {effect: 'all', position},
    ]);
    const values = {v: 'patch', w: 'a', x: 'a', y: 'patch'};
    expect(a.take()).toEqual([['c', [5, [[{}, values, 1]], {[a.mark]: [2]}]]]);
    expect(await room.getContent()).toEqual([{}, {start: 0, ...values}]);
  });

  test('B1, P6: that changes nothing costs an author no delta', async () => {
    const {room, a} = await createJoined({needsStore: true});
    await Promise.all([
      a.push(1, {}, {v: 1}),
      room.room.patchContent([{}, {start: 0}, 1], OPTIONS),
    ]);
    expect(a.take()[0]![1].slice(1)).toEqual([0, {[a.mark]: [1]}]);
  });

  test('B1, L2: is told to legacy clients, and who crosses it is healed', async () => {
    const {room, patch} = await createJoined();
    const legacy = room.connect('legacy');
    const getChanges = () =>
      legacy.take().flatMap(([letter, told]) => (letter == 's' ? [told] : []));
    await legacy.say('s[{},{"first":1},1]');
    await patch([{t: {r: {c: 'patch'}}}, {v: 'patch'}, 1]);
    expect(getChanges()).toEqual([[{t: {r: {c: 'patch'}}}, {v: 'patch'}, 1]]);
    await legacy.say('s[{"t":{"r":{"c":"legacy"}}},{},1]');
    expect(getChanges()).toEqual([[{t: {r: {c: 'legacy'}}}, {}, 1]]);
  });

  test('B2, K1: is answered when it is durable, not before', async () => {
    const storage = createHeldStorage();
    const {patch} = await createJoined({storage});
    storage.hold();
    let status: number | undefined;
    const answered = patch([{}, {v: 1}, 1]).then((response) => {
      ({status} = response);
    });
    await until(() => storage.getHeldCount() == 1);
    await settle();
    expect(status).toBe(undefined);
    storage.release();
    await answered;
    expect(status).toBe(200);
  });

  test('B2, K4: fails where storing fails, and has not taken effect', async () => {
    const storage = createHeldStorage();
    const {room, patch} = await createJoined({storage, needsStore: true});
    const failure = new Error('The disk is full');
    storage.fail(failure);
    await expect(patch([{}, {v: 1}, 1])).rejects.toBe(failure);
    expect(await room.getContent()).toEqual([{}, {start: 0}]);
    expect(await (await patch([{}, {v: 1}, 1])).json()).toMatchObject({
      offset: 2,
    });
  });
});

describe('a PATCH that is refused', () => {
  const hooks: MemoryRoomOptions['hooks'] = {
    canSetValue: (valueId) => valueId != 'refused',
    canDelRow: (_tableId, rowId) => rowId != 'kept',
  };

  test('B3: in part, says so, and what the room has instead', async () => {
    const {room, patch} = await createJoined({hooks});
    await patch([{t: {kept: {c: [1]}, gone: {c: 2}}}, {v: 1}, 1]);
    const response = await patch([{t: DEL}, {v: 2, refused: 3}, 1]);
    expect([response.status, await response.json()]).toEqual([
      200,
      {
        epoch: 'epoch1',
        offset: 3,
        refused: true,
        correction: [{t: {kept: {c: '\uFFFD[1]'}}}, {refused: DEL}, 1],
      },
    ]);
    expect(await room.getContent()).toEqual([
      {t: {kept: {c: '\uFFFD[1]'}}},
      {start: 0, v: 2},
    ]);
  });

  test('B3: as a whole by the hooks is 403, and changes nothing', async () => {
    const {room, a, patch} = await createJoined({hooks});
    const stored = room.storage.getEntries();
    const response = await patch([{}, {refused: 1}, 1]);
    expect(response.status).toBe(403);
    expect(response.headers.get('Content-Type')).toBe(
      'application/problem+json',
    );
    expect(await response.json()).toMatchObject({
      status: 403,
      title: 'Refused',
      detail: expect.stringMatching(/hooks/),
    });
    expect([a.take(), room.storage.getEntries()]).toEqual([[], stored]);
  });

  test('B3: by the schema is corrected, or 403', async () => {
    const {room, patch} = await createJoined({
      createStore: () =>
        createStore().setValuesSchema({
          start: {type: 'number'},
          v: {type: 'string', default: 'default'},
        }),
    });
    await patch([{}, {v: 'mine'}, 1]);
    expect(await (await patch([{}, {v: 1, w: 1}, 1])).json()).toMatchObject({
      refused: true,
      correction: [{}, {v: 'default', w: DEL}, 1],
    });
    const {offset} = await room.getPosition();
    expect((await patch([{}, {w: 1}, 1])).status).toBe(403);
    expect((await room.getPosition()).offset).toBe(offset);
  });

  test.each<[string, MemoryRoomOptions]>([
    ['hooks', {hooks}],
    [
      'a schema',
      {createStore: () => createStore().setValuesSchema({v: {type: 'number'}})},
    ],
  ])('B3: by %s makes no Store', async (_, options) => {
    const {room, patch} = createPatchedRoom(options);
    expect((await patch([{}, {refused: 1}, 1])).status).toBe(403);
    expect(await room.getContent()).toBe(undefined);
    expect(room.storage.getEntries()).toEqual([]);
  });

  test(
    `B3, P4, P8: and its correction tell all that it did (seed ${SEED})`,
    async () => {
      const statuses = new Set<string>();
      await fc.assert(
        fc.asyncProperty(
          arbitraryContent,
          arbitraryRules,
          fc.array(arbitraryChanges, {minLength: 1, maxLength: 4}),
          async (content, rules, patches) => {
            const before = createPatchedRoom();
            await before.room.room.putContent(structuredClone(content), null);
            const {room, patch} = createPatchedRoom({
              storage: before.room.storage,
              hooks: createRuledHooks(rules),
            });
            const known = flatten(content);
            for (const changes of patches) {
              const response = await patch(changes);
              const answer: any = await response.json();
              const allowed = applyByRules(known, changes, rules);
              if (response.status != 403) {
                expect(response.status).toBe(200);
                applyToFlat(known, changes);
                applyToFlat(known, answer.correction ?? [{}, {}]);
              }
              const text = toText(flatten(await room.getContent()));
              expect([toText(known), toText(allowed)]).toEqual([text, text]);
              statuses.add(`${response.status} ${answer.refused}`);
            }
          },
        ),
        {seed: SEED, numRuns: RUNS},
      );
      expect(statuses).toEqual(
        new Set(['200 undefined', '200 true', '403 undefined']),
      );
    },
    30_000 + RUNS * 40,
  );
});

describe('a PATCH that makes no sense', () => {
  test.each([
    ['nothing', ''],
    ['no JSON', '[{},{},1'],
    ['content', '[{},{}]'],
    ['a Table that is none', '[{"t":1},{},1]'],
    ['null for a Row', '[{"t":{"r":null}},{},1]'],
    ['no atom', '[{},{"v":"\uFFFDx"},1]'],
  ])('B5: is 400 with %s', async (_, body) => {
    const {room, request} = await createJoined();
    const stored = room.storage.getEntries();
    const response = await request('PATCH', body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      status: 400,
      detail: expect.stringMatching(/\[tables, values, 1\]/),
    });
    expect(room.storage.getEntries()).toEqual(stored);
  });

  test('B5: is 413 with too much', async () => {
    const {room, request} = await createJoined({limits: {maxPushLength: 100}});
    const send = (length: number) =>
      request('PATCH', `[{},{"v":"${'x'.repeat(length - 15)}"},1]`);
    expect((await send(100)).status).toBe(200);
    const response = await send(101);
    expect([response.status, await response.json()]).toMatchObject([
      413,
      {status: 413, detail: expect.stringMatching(/100/)},
    ]);
    expect((await room.getPosition()).offset).toBe(2);
  });

  test('B5, P9: is refused where a hook throws', async () => {
    const error = new Error('A hook of the app failed');
    const {room, patch} = await createJoined({
      hooks: {
        canSetValue: (valueId) => {
          if (valueId == 'v') {
            throw error;
          }
          return true;
        },
      },
    });
    const stored = room.storage.getEntries();
    await expect(patch([{}, {w: 1, v: 1}, 1])).rejects.toBe(error);
    expect(room.storage.getEntries()).toEqual(stored);
    expect((await patch([{}, {w: 1}, 1])).status).toBe(200);
  });

  test('B5: meets a transaction that is open, and is not half there', async () => {
    const {room, patch} = await createJoined({needsStore: true});
    room.room.store!.startTransaction();
    await expect(patch([{}, {v: 1}, 1])).rejects.toThrow(/transaction/);
    expect(await room.getContent()).toEqual([{}, {start: 0}]);
    expect((await patch([{}, {v: 1}, 1])).status).toBe(200);
  });

  test('B5: fails where a listener of the app throws, and took effect', async () => {
    const {room, patch} = await createJoined({needsStore: true});
    const error = new Error('A listener of the app failed');
    room.room.store!.addDidFinishTransactionListener(() => {
      throw error;
    });
    await expect(patch([{}, {v: 1}, 1])).rejects.toBe(error);
    room.restart();
    expect(await room.getContent()).toEqual([{}, {start: 0, v: 1}]);
  });
});

describe('a server class', () => {
  class Plain extends TinyBasePartyKitServer {}
  class Guarded extends TinyBasePartyKitServer {
    static onBeforeConnect() {}
    static onBeforeRequest() {}
  }
  class Allowing extends TinyBasePartyKitServer {
    static onBeforeConnect() {}
    override readonly config = {allowPatch: true};
  }
  class HalfGuarded extends TinyBasePartyKitServer {
    static onBeforeConnect() {}
  }
  class ConnectGuarded extends TinyBasePartyKitServer {
    onConnect() {}
  }
  class MessageGuarded extends TinyBasePartyKitServer {
    override async onMessage() {}
  }
  class Refusing extends TinyBasePartyKitServer {
    override readonly config = {allowPatch: false};
  }

  test.each([TinyBasePartyKitServer, Plain, Guarded, Allowing])(
    'B6: takes a PATCH where that lets in nobody new, or is told to: %o',
    async (ServerClass) => {
      const party = createFakeParty(ServerClass);
      const response = await party.request('PATCH', '/store', '[{},{"v":1},1]');
      expect(response.status).toBe(200);
      expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*');
      const {headers} = await party.request('OPTIONS', '/store');
      expect(headers.get('Allow')).toBe('GET, HEAD, PUT, OPTIONS, PATCH');
      expect(headers.get('Accept-Patch')).toBe('application/json');
    },
  );

  test.each([HalfGuarded, ConnectGuarded, MessageGuarded, Refusing])(
    'B6: takes none where only connections are asked, or is told not to: %o',
    async (ServerClass) => {
      const party = createFakeParty(ServerClass);
      const response = await party.request('PATCH', '/store', '[{},{"v":1},1]');
      expect(response.status).toBe(405);
      expect(response.headers.get('Allow')).toBe('GET, HEAD, PUT, OPTIONS');
      expect(party.storage.getEntries()).toEqual([]);
      const {headers} = await party.request('OPTIONS', '/store');
      expect(headers.get('Allow')).toBe('GET, HEAD, PUT, OPTIONS');
      expect(headers.get('Accept-Patch')).toBe(null);
    },
  );
});
