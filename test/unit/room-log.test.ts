import {describe, expect, test} from 'vitest';
import {MAX_CLIENTS} from '../../src/protocol/limits.js';
import type {Clients} from '../../src/server/storage/clients.js';
import {RoomLog} from '../../src/server/storage/room-log.js';
import {createMemoryStorage} from '../support/memory-storage.js';
import {
  appendChanges,
  createLog,
  getKeys,
  openLog,
} from '../support/room-logs.js';

describe('the log of a room', () => {
  test('is empty where nothing was stored', async () => {
    const log = await openLog(createMemoryStorage([['app', 1]]));
    expect([log.epoch, log.offset]).toEqual(['', 0]);
    expect(log.getCompactionNeed()).toBe('none');
    expect(await log.readClients()).toEqual(new Map());
  });

  test('is where it was when it is opened again', async () => {
    const storage = createMemoryStorage();
    const log = await createLog(storage, [{t: {r: {c: 1}}}, {v: 1}]);
    await appendChanges(log, [{}, {v: 2}], {client: [1]});
    await appendChanges(log, [{t: {r: {d: 3}}}, {}], {client: [2, 2]}, 5);
    const again = await openLog(storage);
    expect([again.epoch, again.offset]).toEqual(['epoch', 5]);
    expect(await again.readContent()).toEqual([{t: {r: {c: 1, d: 3}}}, {v: 2}]);
    expect((await again.readClients()).get('client')![0]).toBe(2);
  });

  test('S4: gets no first content twice, nor before it was opened', async () => {
    const storage = createMemoryStorage();
    const log = await createLog(storage, [{}, {precious: 1}]);
    for (const one of [
      log,
      await openLog(storage),
      new RoomLog(storage, ''),
      new RoomLog(createMemoryStorage(), ''),
    ]) {
      await expect(one.create([{}, {other: 2}], new Map())).rejects.toThrow(
        'may have content',
      );
    }
    expect(await (await openLog(storage)).readContent()).toEqual([
      {},
      {precious: 1},
    ]);
  });

  test('S1: is one key a commit', async () => {
    const storage = createMemoryStorage();
    const log = await createLog(storage);
    const before = getKeys(storage);
    storage.takePuts();
    await appendChanges(log, [
      {},
      Object.fromEntries(Array.from({length: 500}, (_, id) => [id, id])),
    ]);
    expect(storage.takePuts()).toHaveLength(1);
    expect(getKeys(storage)).toHaveLength(before.length + 1);
  });

  test('S1: cuts an entry that fits no value', async () => {
    const storage = createMemoryStorage();
    const log = await createLog(storage);
    const values = {v: '€'.repeat(200_000)};
    await appendChanges(log, [{}, values]);
    await appendChanges(log, [{}, {w: 1}]);
    expect(storage.takePuts().length).toBeGreaterThan(4);
    const again = await openLog(storage);
    expect(again.offset).toBe(3);
    expect(await again.readContent()).toEqual([{}, {...values, w: 1}]);
    expect(await again.readSince(2)).toEqual([[[{}, {w: 1}, 1]]]);
    expect(await again.readSince(1)).toHaveLength(2);
  });

  test('S1: cuts an entry also where it is the newest', async () => {
    const storage = createMemoryStorage();
    const values = {v: 'x'.repeat(2_000_000)};
    await appendChanges(await createLog(storage), [{}, values]);
    const again = await openLog(storage);
    expect(again.offset).toBe(2);
    expect(await again.readContent()).toEqual([{}, values]);
    expect(again.getCompactionNeed()).toBe('due');
  });

  test.each([1_000, 64_900, 65_100, 100_000, 129_900, 131_000, 400_000])(
    'S1: is opened whatever piece its newest entry ends with: %d units',
    async (length) => {
      const storage = createMemoryStorage();
      const log = await createLog(storage);
      await appendChanges(log, [{}, {long: 'x'.repeat(length)}]);
      const again = await openLog(storage);
      expect(again.offset).toBe(2);
      await appendChanges(again, [{}, {short: 1}]);
      expect((await openLog(storage)).offset).toBe(3);
      expect(await again.readContent()).toEqual([
        {},
        {long: 'x'.repeat(length), short: 1},
      ]);
      expect(again.getCompactionNeed()).toBe(length > 64_000 ? 'due' : 'none');
    },
  );

  test('S7: keeps a record of who was answered, not too long ago', async () => {
    const storage = createMemoryStorage();
    let log = await createLog(storage);
    expect(log.needsClients()).toBe(false);
    const clients: Clients = new Map();
    for (let id = 1; id < 100; id++) {
      const answers = {[`client${id % 7}`]: [id] as [number]};
      const isDue = log.needsClients();
      if (isDue) {
        await log.readClients();
      }
      clients.set(`client${id % 7}`, [id]);
      log = await openLog(storage);
      expect(log.needsClients()).toBe(isDue);
      await log.append(
        {
          offset: log.offset + 1,
          list: [],
          text: `["${'x'.repeat(5_000)}"]`,
          answers: new Map(Object.entries(answers)),
        },
        isDue ? clients : undefined,
      );
      const again = await openLog(storage);
      expect(again.needsClients() && isDue).toBe(false);
      expect(await again.readClients()).toEqual(clients);
    }
    expect(getKeys(storage).filter((key) => /clients/.test(key))).toHaveLength(
      1,
    );
  });

  test('S7: a record takes the place of a longer one', async () => {
    const storage = createMemoryStorage();
    const log = await createLog(storage);
    const {offset} = log;
    const commit = {list: [], text: '[]', answers: new Map()};
    const long = new Map(
      Array.from({length: 900}, (_, id) => [
        `${id}`.padEnd(200, 'x'),
        [id] as [number],
      ]),
    );
    await log.append({...commit, offset: offset + 1}, long);
    expect(await (await openLog(storage)).readClients()).toEqual(long);
    expect(
      getKeys(storage).filter((key) => /clients/.test(key)).length,
    ).toBeGreaterThan(1);
    await log.append({...commit, offset: offset + 2}, new Map([['a', [1]]]));
    expect(await (await openLog(storage)).readClients()).toEqual(
      new Map([['a', [1]]]),
    );
    expect(getKeys(storage).filter((key) => /clients/.test(key))).toHaveLength(
      1,
    );
  });

  test('S7: remembers the latest of many clients', async () => {
    const storage = createMemoryStorage();
    const log = await createLog(storage);
    const clients: Clients = new Map(
      Array.from({length: MAX_CLIENTS + 5}, (_, id) => [`client${id}`, [id]]),
    );
    await log.append(
      {offset: 2, list: [], text: '[]', answers: new Map()},
      clients,
    );
    const read = await (await openLog(storage)).readClients();
    expect(read.size).toBe(MAX_CLIENTS);
    expect(read.has('client4')).toBe(false);
    expect(read.get(`client${MAX_CLIENTS + 4}`)).toEqual([MAX_CLIENTS + 4]);
  });

  test('S6: is beside other rooms of another prefix', async () => {
    const storage = createMemoryStorage();
    await createLog(storage, [{}, {a: 1}], {prefix: 'a'});
    await createLog(storage, [{}, {none: 1}], {prefix: ''});
    expect(await (await openLog(storage, {prefix: 'a'})).readContent()).toEqual(
      [{}, {a: 1}],
    );
    expect(await (await openLog(storage)).readContent()).toEqual([
      {},
      {none: 1},
    ]);
    expect((await openLog(storage, {prefix: 'b'})).epoch).toBe('');
  });

  test('T2: keeps clients and Cells called __proto__', async () => {
    const storage = createMemoryStorage();
    const log = await createLog(storage);
    await appendChanges(
      log,
      JSON.parse('[{"__proto__":{"r":{"__proto__":1}}},{"__proto__":2}]'),
      JSON.parse('{"__proto__":[1]}'),
    );
    const again = await openLog(storage);
    expect(JSON.stringify(await again.readContent())).toBe(
      '[{"__proto__":{"r":{"__proto__":1}}},{"__proto__":2}]',
    );
    expect((await again.readClients()).get('__proto__')).toEqual([1]);
  });
});
