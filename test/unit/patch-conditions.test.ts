/** `If-Match` and `If-None-Match` of a PATCH, and of a PUT. */
import {describe, expect, test} from 'vitest';
import type {Store} from 'tinybase';
import type {Position} from '../../src/server/room-state.js';
import type {MemoryRoomOptions} from '../support/memory-room.js';
import {createPatchedRoom} from '../support/patched-room.js';

const createStarted = async (options: MemoryRoomOptions = {}) => {
  const patched = createPatchedRoom(options);
  await patched.room.room.putContent([{}, {start: 0}], null);
  return patched;
};

const getEtag = ({headers}: Response) => headers.get('ETag');

/** For what has to come in the same turn as something else. */
const AT_START = {
  who: undefined,
  length: 0,
  isMet: ({offset}: Position) => offset == 1,
};

describe('a PATCH with a precondition', () => {
  test.each([
    ['If-Match', '"epoch1.1"', 200],
    ['If-Match', '"other", "epoch1.1"', 200],
    ['If-Match', '*', 200],
    ['If-Match', ' * ', 200],
    ['If-Match', 'W/"epoch1.1"', 412],
    ['If-Match', '"epoch1.0"', 412],
    ['If-Match', '"epoch2.1"', 412],
    ['If-Match', '".0"', 412],
    ['If-Match', 'epoch1.1', 412],
    ['If-None-Match', '"epoch1.0"', 200],
    ['If-None-Match', '".0"', 200],
    ['If-None-Match', '"epoch1.1"', 412],
    ['If-None-Match', 'W/"epoch1.1"', 412],
    ['If-None-Match', '"other",W/"epoch1.1"', 412],
    ['If-None-Match', '*', 412],
  ])(
    'B4: %s: %s is %i where the room has a Store',
    async (name, tag, status) => {
      const {room, patch} = await createStarted();
      const response = await patch([{}, {v: 1}, 1], {[name]: tag});
      expect(response.status).toBe(status);
      const isDone = status == 200;
      expect(getEtag(response)).toBe(isDone ? '"epoch1.2"' : '"epoch1.1"');
      expect(await response.json()).toMatchObject(
        isDone
          ? {epoch: 'epoch1', offset: 2}
          : {status: 412, title: 'Precondition failed'},
      );
      expect((await room.getContent())[1].v).toBe(isDone ? 1 : undefined);
    },
  );

  test.each([
    ['If-Match', '".0"', 200],
    ['If-Match', '*', 412],
    ['If-Match', '"epoch1.1"', 412],
    ['If-None-Match', '*', 200],
    ['If-None-Match', '".0"', 412],
  ])('B4: %s: %s is %i where it has none', async (name, tag, status) => {
    const {room, patch} = createPatchedRoom();
    const response = await patch([{}, {v: 1}, 1], {[name]: tag});
    expect(response.status).toBe(status);
    const isDone = status == 200;
    expect(getEtag(response)).toBe(isDone ? '"epoch1.1"' : '".0"');
    expect(await room.getContent()).toEqual(isDone ? [{}, {v: 1}] : undefined);
  });

  test('B4: has to meet both', async () => {
    const {patch} = await createStarted();
    const both = {'If-Match': '"epoch1.1"', 'If-None-Match': '*'};
    expect((await patch([{}, {v: 1}, 1], both)).status).toBe(412);
  });

  test('B4: has no ETag without one', async () => {
    const {patch} = await createStarted();
    expect(getEtag(await patch([{}, {v: 1}, 1]))).toBe(null);
  });

  test('B4: asks no hook where it is not met', async () => {
    let asked = 0;
    const {patch} = await createStarted({
      hooks: {canSetValue: () => !!++asked},
    });
    asked = 0;
    const headers = {'If-Match': '"epoch1.0"'};
    expect((await patch([{}, {v: 1}, 1], headers)).status).toBe(412);
    expect(asked).toBe(0);
  });

  test('B4: meets it once, of many at once', async () => {
    const {room, patch} = await createStarted();
    const headers = {'If-Match': '"epoch1.1"'};
    const responses = await Promise.all(
      [1, 2, 3, 4].map((v) => patch([{}, {v}, 1], headers)),
    );
    expect(responses.map(({status}) => status)).toEqual([200, 412, 412, 412]);
    expect(responses.map(getEtag)).toEqual(Array(4).fill('"epoch1.2"'));
    expect((await room.getContent())[1].v).toBe(1);
  });

  test('B4: does not meet it after a push of the same turn', async () => {
    const {room} = await createStarted();
    const a = room.connect('a');
    await a.greet(await room.getPosition());
    const [, result] = await Promise.all([
      a.push(1, {}, {v: 'a'}),
      room.room.patchContent([{}, {v: 'patch'}, 1], AT_START),
    ]);
    expect(result).toEqual({
      effect: 'unmet',
      position: {epoch: 'epoch1', offset: 2},
    });
    expect((await room.getContent())[1].v).toBe('a');
  });

  test('B4: is a commit of its own, that no later push hides behind', async () => {
    const {room} = await createStarted();
    const a = room.connect('a');
    await a.greet(await room.getPosition());
    const [result] = await Promise.all([
      room.room.patchContent([{}, {v: 'patch'}, 1], AT_START),
      a.push(1, {}, {v: 'a'}),
    ]);
    expect(result).toEqual({
      effect: 'all',
      position: {epoch: 'epoch1', offset: 2},
      isExact: true,
    });
    expect((await room.getPosition()).offset).toBe(3);
    expect(a.take().map(([, [offset, list]]) => [offset, list])).toEqual([
      [2, [[{}, {v: 'patch'}, 1]]],
      [3, 0],
    ]);
  });

  test("B4: does not meet it where the room's code writes meanwhile", async () => {
    const own: {store?: Store | undefined} = {};
    const {room, patch} = await createStarted({
      hooks: {
        canSetValue: async (valueId) => {
          await Promise.resolve();
          own.store?.setValue('asked', valueId);
          return true;
        },
      },
    });
    own.store = room.room.store;
    const response = await patch([{}, {v: 1}, 1], {'If-Match': '"epoch1.1"'});
    expect([response.status, getEtag(response)]).toEqual([412, '"epoch1.2"']);
    expect(await room.getContent()).toEqual([{}, {start: 0, asked: 'v'}]);
    // There is a Store, whatever is written to it.
    const {status} = await patch([{}, {w: 1}, 1], {'If-Match': '*'});
    expect(status).toBe(200);
    expect(await room.getContent()).toEqual([{}, {start: 0, asked: 'w', w: 1}]);
  });

  test.each<[string, (store: Store) => void]>([
    ['changes it', (store) => void store.setValue('v', 'changed')],
    ['adds to it', (store) => void store.setValue('more', 1)],
  ])('B4: has no ETag where a listener %s', async (_, listen) => {
    const {room, patch} = await createStarted({needsStore: true});
    room.room.store!.addValueListener('v', listen, true);
    const headers = {'If-Match': '"epoch1.1"'};
    const response = await patch([{}, {v: 1}, 1], headers);
    expect([response.status, getEtag(response)]).toEqual([200, null]);
    expect(await response.json()).toMatchObject({epoch: 'epoch1', offset: 2});
  });

  test('B4: has no ETag where some of it is refused', async () => {
    const {patch} = await createStarted({
      hooks: {canSetValue: (valueId) => valueId != 'refused'},
    });
    const headers = {'If-Match': '"epoch1.1"'};
    const response = await patch([{}, {v: 1, refused: 1}, 1], headers);
    expect([response.status, getEtag(response)]).toEqual([200, null]);
  });

  test('B4: counts to the number of those who count at once', async () => {
    const {room, request, patch} = await createStarted({needsStore: true});
    let retries = 0;
    const increment = async (): Promise<void> => {
      const current = await request('GET');
      const [, {count = 0}] = await current.json();
      const response = await patch([{}, {count: count + 1}, 1], {
        'If-Match': getEtag(current)!,
      });
      if (response.status == 412) {
        retries++;
        await increment();
      }
    };
    await Promise.all(Array.from({length: 30}, increment));
    expect((await room.getContent())[1].count).toBe(30);
    expect(retries).toBeGreaterThan(0);
  });
});

describe('a PUT with a precondition', () => {
  test.each([
    ['If-None-Match', '*', 201],
    ['If-Match', '".0"', 201],
    ['If-Match', '*', 412],
    ['If-Match', '"epoch1.1"', 412],
  ])('B4: %s: %s is %i where there is no Store', async (name, tag, status) => {
    const {room, request} = createPatchedRoom();
    const headers = {[name]: tag};
    const response = await request('PUT', '[{},{"v":1}]', headers);
    expect(response.status).toBe(status);
    expect(await room.getContent()).toEqual(
      status == 201 ? [{}, {v: 1}] : undefined,
    );
  });

  test.each([
    ['If-None-Match', '*', 412, '"epoch1.1"'],
    ['If-Match', '"epoch2.1"', 412, '"epoch1.1"'],
    ['If-Match', '"epoch1.1"', 205, null],
  ])('B4: %s: %s is %i where one is', async (name, tag, status, etag) => {
    const {room, request} = await createStarted();
    const headers = {[name]: tag};
    const response = await request('PUT', '[{},{"v":1}]', headers);
    expect([response.status, getEtag(response)]).toEqual([status, etag]);
    expect(await room.getContent()).toEqual([{}, {start: 0}]);
  });

  test.each([
    ['If-None-Match', '*', 412, '"epoch1.1"'],
    ['If-None-Match', '"epoch2.1"', 205, null],
  ])(
    "B4: %s: %s is %i where the room's code writes meanwhile",
    async (name, tag, status, etag) => {
      const own: {store?: Store | undefined} = {};
      const {room, request} = createPatchedRoom({
        hooks: {
          canSetValue: async (valueId) => {
            await Promise.resolve();
            own.store!.setValue('asked', valueId);
            return true;
          },
        },
      });
      await room.room.load();
      own.store = room.room.store;
      const response = await request('PUT', '[{},{"v":1}]', {[name]: tag});
      expect([response.status, getEtag(response)]).toEqual([status, etag]);
      expect(await room.getContent()).toEqual([{}, {asked: 'v'}]);
    },
  );
});
