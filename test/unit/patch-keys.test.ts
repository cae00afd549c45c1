/** A PATCH with an Idempotency-Key is taken once; crashes: patch-crashes.test.ts. */
import {createStore} from 'tinybase';
import {describe, expect, test} from 'vitest';
import {
  getClientId,
  parseIdempotencyKey,
} from '../../src/server/idempotency-key.js';
import {createHeldStorage} from '../support/held-storage.js';
import type {MemoryRoomOptions} from '../support/memory-room.js';
import {createPatchedRoom} from '../support/patched-room.js';

const EPOCH = 'epoch1';

/** A room with a Store, and how to send it changes under a key. */
const createKeyed = async (options: MemoryRoomOptions = {}) => {
  const patched = createPatchedRoom(options);
  await patched.room.room.putContent([{}, {start: 0}], null);
  const send = async (
    key: string,
    values: object,
    headers: Record<string, string> = {},
  ): Promise<[status: number, answer: any]> => {
    const response = await patched.patch([{}, values, 1], {
      'Idempotency-Key': key,
      ...headers,
    });
    return [response.status, await response.json()];
  };
  return {...patched, send};
};

/** For what has to come in the same turn as something else. */
const of = (number: number, client = 'mirror') => ({
  who: undefined,
  length: 0,
  key: {client, number},
});

const repeatedAt = (offset: number) => [
  200,
  {epoch: EPOCH, offset, repeated: true},
];

describe('a PATCH with an Idempotency-Key', () => {
  test('B7: is not applied again, also after a crash', async () => {
    const {room, send} = await createKeyed();
    expect(await send('mirror.1', {v: 1})).toEqual([
      200,
      {epoch: EPOCH, offset: 2},
    ]);
    const a = room.connect('a');
    await a.greet(await room.getPosition());
    await a.push(1, {}, {v: 'a'});
    expect(await send('mirror.1', {v: 1})).toEqual(repeatedAt(3));
    room.restart();
    expect(await send('mirror.1', {v: 1})).toEqual(repeatedAt(3));
    expect(await room.getContent()).toEqual([{}, {start: 0, v: 'a'}]);
    expect((await send('mirror.2', {v: 1}))[1]).toEqual({
      epoch: EPOCH,
      offset: 4,
    });
  });

  test('B7: may leave out numbers, which are then behind', async () => {
    const {room, send} = await createKeyed();
    await send('mirror.5', {v: 5});
    expect(await send('mirror.4', {v: 4})).toEqual(repeatedAt(2));
    await send(`mirror.${Number.MAX_SAFE_INTEGER}`, {w: 1});
    expect(await send('mirror.6', {v: 6})).toEqual(repeatedAt(3));
    expect(await room.getContent()).toEqual([{}, {start: 0, v: 5, w: 1}]);
  });

  test('B7: is one client’s, whatever others have numbered', async () => {
    const {room, send} = await createKeyed();
    for (const client of ['a', 'A', '__proto__', '-', 'x'.repeat(64)]) {
      const [status, answer] = await send(`${client}.1`, {[client]: 1});
      expect([status, answer.repeated]).toEqual([200, undefined]);
    }
    room.restart();
    expect((await send('__proto__.1', {v: 1}))[1].repeated).toBe(true);
    expect(Object.keys((await room.getContent())[1])).toHaveLength(6);
  });

  test.each([
    'mirror',
    'mirror.',
    '.1',
    'mirror.0',
    'mirror.01',
    'mirror.-1',
    'mirror.1.5',
    'mirror.1e3',
    'mirror.9007199254740992',
    'mirror. 1',
    '"mirror.1"',
    'mirror.1, mirror.2',
    'mïrror.1',
    `${'x'.repeat(65)}.1`,
    '',
  ])('B7: of another form is 400: %s', async (key) => {
    const {room, send} = await createKeyed();
    const stored = room.storage.getEntries();
    expect(await send(key, {v: 1})).toEqual([
      400,
      {
        title: 'Malformed Idempotency-Key',
        status: 400,
        detail: expect.stringMatching(/CLIENT\.NUMBER/),
      },
    ]);
    expect(room.storage.getEntries()).toEqual(stored);
  });

  test('B7, B4: is known before its precondition is looked at', async () => {
    const {room, send} = await createKeyed();
    const here = {'If-Match': '"epoch1.1"'};
    expect((await send('mirror.1', {v: 1}, here))[0]).toBe(200);
    expect(await send('mirror.1', {v: 1}, here)).toEqual(repeatedAt(2));
    // One that is not met was not taken: it may come again.
    expect((await send('mirror.2', {v: 2}, here))[0]).toBe(412);
    room.restart();
    const there = {'If-Match': '"epoch1.2"'};
    expect(await send('mirror.2', {v: 2}, there)).toEqual([
      200,
      {epoch: EPOCH, offset: 3},
    ]);
  });

  test('B7: is taken once where both come at once', async () => {
    const {room} = await createKeyed();
    room.storage.takePuts();
    const results = await Promise.all([
      room.room.patchContent([{}, {v: 1}, 1], of(1)),
      room.room.patchContent([{}, {w: 1}, 1], of(1)),
      room.room.patchContent([{}, {v: 2}, 1], of(2)),
    ]);
    const position = {epoch: EPOCH, offset: 3};
    expect(results).toMatchObject([
      {effect: 'all', position},
      {effect: 'repeated', position},
      {effect: 'all', position},
    ]);
    expect(room.storage.takePuts()).toHaveLength(1);
    expect(await room.getContent()).toEqual([{}, {start: 0, v: 2}]);
  });

  test('B7: that changes nothing is not taken later either', async () => {
    const {room, patch, send} = await createKeyed({needsStore: true});
    expect((await send('mirror.1', {start: 0}))[1].repeated).toBe(undefined);
    await patch([{}, {start: 1}, 1]);
    room.restart();
    expect((await send('mirror.1', {start: 0}))[1].repeated).toBe(true);
    expect(await room.getContent()).toEqual([{}, {start: 1}]);
  });

  test('B7, P2: costs a client that pushes in its turn no answer', async () => {
    const {room} = await createKeyed();
    const a = room.connect('a');
    await a.greet(await room.getPosition());
    room.wake();
    await Promise.all([
      a.push(1, {}, {v: 'a'}),
      room.room.patchContent([{}, {v: 'mirror'}, 1], of(1)),
    ]);
    const welcome = await a.greet(await room.getPosition());
    expect(welcome[4]).toEqual([1]);
    await a.push(1, {}, {v: 'a'});
    expect(await room.getContent()).toEqual([{}, {start: 0, v: 'mirror'}]);
  });

  test('B7, P10: makes the Store, and is known in it', async () => {
    const {room, patch} = createPatchedRoom();
    const headers = {'Idempotency-Key': 'mirror.1'};
    expect(await (await patch([{}, {v: 1}, 1], headers)).json()).toEqual({
      epoch: EPOCH,
      offset: 1,
    });
    room.restart();
    expect(await (await patch([{}, {v: 2}, 1], headers)).json()).toEqual({
      epoch: EPOCH,
      offset: 1,
      repeated: true,
    });
  });

  test('B7: is forgotten where a new history begins', async () => {
    const {room, send} = await createKeyed();
    await send('mirror.7', {v: 7});
    const keys = room.storage.getEntries().map(([key]) => key);
    await room.storage.delete(keys);
    room.restart();
    const [, answer] = await send('mirror.7', {v: 7});
    expect(answer).toEqual({epoch: 'epoch2', offset: 1});
  });

  test('B7: is known as long as no 1,000 others have written', async () => {
    const limits = {maxClients: 3};
    const {room, send} = await createKeyed({limits});
    for (const client of ['a', 'b', 'c', 'd']) {
      await send(`${client}.1`, {[client]: 1});
    }
    room.restart();
    expect((await send('b.1', {}))[1].repeated).toBe(true);
    expect((await send('a.1', {}))[1].repeated).toBe(undefined);
  });

  test('B7: is known however many clients with a WebSocket have written', async () => {
    const {room, send} = await createKeyed({limits: {maxClients: 4}});
    await send('mirror.1', {v: 1});
    for (let n = 1; n <= 9; n++) {
      const one = room.connect(`connection${n}`);
      await one.greet({clientId: `client${n}`, ...(await room.getPosition())});
      await one.push(1, {}, {[`v${n}`]: n});
      one.leave();
    }
    room.restart();
    expect((await send('mirror.1', {v: 1}))[1].repeated).toBe(true);
  });

  test('P2, B7: does not have a client be forgotten of those half as many', async () => {
    const {room, send} = await createKeyed({limits: {maxClients: 4}});
    const hello = {clientId: 'client', ...(await room.getPosition())};
    const one = room.connect('connection');
    await one.greet(hello);
    await one.push(1, {}, {v: 'pushed'});
    one.leave();
    for (let n = 1; n <= 9; n++) {
      await send(`mirror${n}.1`, {v: n});
    }
    room.restart();
    const again = room.connect('again');
    await again.greet(hello);
    await again.push(1, {}, {v: 'pushed'});
    expect((await room.getContent())[1].v).toBe(9);
    for (const [client, repeated] of [
      ['mirror6', undefined],
      ['mirror9', true],
    ]) {
      expect((await send(`${client}.1`, {}))[1].repeated).toBe(repeated);
    }
  });

  test('B7, S7: is known when the log is not read as far back', async () => {
    const {room, patch, send} = await createKeyed();
    await send('mirror.1', {v: 1});
    for (let n = 0; n < 40; n++) {
      await patch([{}, {w: `${n}`.repeat(4_000)}, 1]);
    }
    room.advance(60_000);
    await patch([{}, {v: 2}, 1]);
    room.restart();
    expect((await send('mirror.1', {v: 1}))[1].repeated).toBe(true);
    expect((await room.getContent())[1].v).toBe(2);
  });

  test('B7, K4: is not known where storing it fails', async () => {
    const storage = createHeldStorage();
    const {room, send} = await createKeyed({storage});
    const failure = new Error('The disk is full');
    storage.fail(failure);
    await expect(send('mirror.1', {v: 1})).rejects.toBe(failure);
    expect((await send('mirror.1', {v: 1}))[1]).toEqual({
      epoch: EPOCH,
      offset: 2,
    });
    expect(await room.getContent()).toEqual([{}, {start: 0, v: 1}]);
  });
});

describe('a PATCH with an Idempotency-Key that is refused', () => {
  test('B7, B3: as a whole stays so, and is told each time', async () => {
    let isAllowed = false;
    const {room, send} = await createKeyed({
      hooks: {canSetValue: (valueId) => valueId == 'start' || isAllowed},
    });
    expect((await send('mirror.1', {v: 1}))[0]).toBe(403);
    isAllowed = true;
    expect((await send('mirror.1', {v: 1}))[0]).toBe(403);
    room.restart();
    expect((await send('mirror.1', {v: 1}))[0]).toBe(403);
    expect((await send('mirror.2', {v: 2}))[0]).toBe(200);
    expect((await send('mirror.1', {v: 1}))[0]).toBe(403);
    expect(await room.getContent()).toEqual([{}, {start: 0, v: 2}]);
  });

  test('B7, B3: in part was taken', async () => {
    const {room, send} = await createKeyed({
      createStore: () =>
        createStore().setValuesSchema({
          start: {type: 'number'},
          v: {type: 'number'},
        }),
    });
    expect(await send('mirror.1', {v: 1, w: 1})).toMatchObject([
      200,
      {refused: true},
    ]);
    room.restart();
    expect(await send('mirror.1', {v: 1, w: 1})).toEqual(repeatedAt(2));
  });

  test('B7, P9: by a hook that throws is not asked for again', async () => {
    const error = new Error('A hook of the app failed');
    let asked = 0;
    const {room, send} = await createKeyed({
      hooks: {
        canSetValue: (valueId) => {
          if (valueId == 'start') {
            return true;
          }
          asked++;
          throw error;
        },
      },
    });
    await expect(send('mirror.1', {v: 1})).rejects.toBe(error);
    room.restart();
    expect((await send('mirror.1', {v: 1}))[0]).toBe(403);
    expect(asked).toBe(1);
  });

  test('B7: is not remembered before there is a Store', async () => {
    let isAllowed = false;
    const {room, patch} = createPatchedRoom({
      hooks: {canSetValue: () => isAllowed},
    });
    const headers = {'Idempotency-Key': 'mirror.1'};
    expect((await patch([{}, {v: 1}, 1], headers)).status).toBe(403);
    expect(room.storage.getEntries()).toEqual([]);
    isAllowed = true;
    room.restart();
    expect((await patch([{}, {v: 1}, 1], headers)).status).toBe(200);
  });

  test('B7: by a listener of the app was taken all the same', async () => {
    const {room, send} = await createKeyed({needsStore: true});
    const error = new Error('A listener of the app failed');
    room.room.store!.addDidFinishTransactionListener(() => {
      throw error;
    });
    await expect(send('mirror.1', {v: 1})).rejects.toBe(error);
    room.restart();
    expect((await send('mirror.1', {v: 2}))[1].repeated).toBe(true);
    expect(await room.getContent()).toEqual([{}, {start: 0, v: 1}]);
  });

  test('B7: by a reset of the room is not noted', async () => {
    const {room, send} = await createKeyed({needsStore: true});
    room.room.store!.startTransaction();
    await expect(send('mirror.1', {v: 1})).rejects.toThrow(/transaction/);
    expect((await send('mirror.1', {v: 1}))[1]).toEqual({
      epoch: EPOCH,
      offset: 2,
    });
  });
});

describe('who says hello', () => {
  test('B7, F3: has no id of a PATCH’s client', async () => {
    const {room, send} = await createKeyed();
    await send('mirror.1', {v: 1});
    const thief = room.connect('thief');
    const clientId = getClientId({client: 'mirror', number: 1});
    await thief.greet({clientId});
    expect(thief.closed?.[0]).toBe(4400);
    const namesake = room.connect('namesake');
    const welcome = await namesake.greet({clientId: 'mirror'});
    expect(welcome[4]).toEqual([0]);
    await namesake.push(1, {}, {v: 'namesake'});
    expect(await room.getContent()).toEqual([{}, {start: 0, v: 'namesake'}]);
    expect((await send('mirror.2', {v: 2}))[1].repeated).toBe(undefined);
  });

  test('B7: is told nothing of keys', async () => {
    const {room, send} = await createKeyed();
    const a = room.connect('a');
    await a.greet(await room.getPosition());
    await send('mirror.1', {v: 1});
    expect(a.take()).toEqual([['c', [2, [[{}, {v: 1}, 1]], {}]]]);
  });
});

describe('CORS', () => {
  test.each([
    ['*', '*, Authorization'],
    ['Authorization', 'Authorization, Idempotency-Key'],
    ['idempotency-key', 'idempotency-key'],
  ])('B7, H5: lets the header through beside %s', async (allowed, expected) => {
    const {request} = createPatchedRoom(
      {},
      {'Access-Control-Allow-Headers': allowed},
    );
    const {headers} = await request('OPTIONS');
    expect(headers.get('Access-Control-Allow-Headers')).toBe(expected);
  });
});

test('a key is one client’s number', () => {
  expect(parseIdempotencyKey('a_B-9.12')).toEqual({
    client: 'a_B-9',
    number: 12,
  });
});
