/** What is written gets through, or is taken back where it was made. */
import type {Store} from 'tinybase';
import {afterAll, beforeAll, expect} from 'vitest';
import {testFailure} from '../support/test-both-halves.js';
import {expectSoon} from '../support/expect-soon.js';
import {
  createClient,
  expectSame,
  startClient,
  untilOpen,
  untilSettled,
} from '../support/halves.js';
import type {RoomServer} from '../support/room-server.js';
import {startTcpProxy} from '../support/tcp-proxy.js';
import {createTestRoom, startTestRooms} from '../support/test-room.js';
import {until} from '../support/until.js';

let server: RoomServer;
beforeAll(async () => {
  server = await startTestRooms();
});
afterAll(() => server?.stop());

testFailure(1, 'two clients write the same cell at once', async (half) => {
  const room = createTestRoom(server, half);
  const a = await startClient(half, room);
  const b = await startClient(half, room);
  for (let attempt = 0; attempt < 50; attempt++) {
    a.store.setCell('tries', `${attempt}`, 'by', 'a');
    b.store.setCell('tries', `${attempt}`, 'by', 'b');
  }
  await untilSettled(room, [a, b]);
  return async () => {
    const [tables] = await expectSame(room, [a, b]);
    expect(Object.keys(tables['tries']!)).toHaveLength(50);
  };
});

testFailure(3, 'a frame is lost in flight', async (half) => {
  const proxy = await startTcpProxy(server.port);
  const room = createTestRoom(server, half);
  const a = await startClient(half, room, {host: proxy.host});
  const b = await startClient(half, room);
  proxy.swallow();
  a.store.setCell('t', 'r', 'lost', 1);
  a.store.setValue('lost', 2);
  await until(() => proxy.swallowed > 0);
  proxy.cut();
  await until(() => a.socket.readyState != a.socket.OPEN);
  proxy.resume();
  await untilOpen(a);
  expect(a.store.getContent()).toEqual([{t: {r: {lost: 1}}}, {lost: 2}]);
  return async () => {
    await expectSoon(async () =>
      expect(await room.getContent()).toEqual([{t: {r: {lost: 1}}}, {lost: 2}]),
    );
    await expectSame(room, [a, b]);
  };
});

/** What listeners see from now on: a list of changes for each transaction. */
const recordTransactions = (store: Store): unknown[][] => {
  const transactions: unknown[][] = [];
  store.addStartTransactionListener(() => transactions.push([]));
  store.addCellListener(null, null, null, (_, ...change) =>
    transactions.at(-1)!.push(change.slice(0, 4).join()),
  );
  store.addValueListener(null, (_, ...change) =>
    transactions.at(-1)!.push(change.slice(0, 2).join()),
  );
  return transactions;
};

testFailure(4, 'a hook refuses what is set', async (half) => {
  const room = createTestRoom(server, half, {ruled: true});
  await room.putContent([{t: {r: {age: 1, name: 'n'}}}, {level: 1}]);
  const a = await startClient(half, room);
  const b = await startClient(half, room);
  const seenByA = recordTransactions(a.store);
  const seenByB = recordTransactions(b.store);
  a.store.transaction(() => {
    a.store.setCell('t', 'r', 'age', -5);
    a.store.setCell('t', 'r', 'refused', true);
    a.store.setRow('t', 'refused', {x: 1});
    a.store.setTable('refused', {r: {x: 1}});
    a.store.setValue('level', -1);
    a.store.setCell('t', 'r', 'name', 'm');
  });
  await until(() => b.store.getCell('t', 'r', 'name') == 'm');
  expect(seenByB.flat()).toEqual(['t,r,name,m']);
  return async () => {
    const [tables, values] = await expectSame(room, [a, b]);
    expect(tables).toEqual({t: {r: {age: 1, name: 'm'}}});
    expect(values).toEqual({level: 1});
    expect(seenByB.flat()).toEqual(['t,r,name,m']);
    const [made, ...undone] = seenByA.filter((changes) => changes.length);
    expect(made).toHaveLength(6);
    expect(undone).toHaveLength(1);
    expect(undone[0]!.toSorted()).toEqual([
      'level,1',
      'refused,r,x,',
      't,r,age,1',
      't,r,refused,',
      't,refused,x,',
    ]);
    expect(a.errors).toEqual([expect.objectContaining({name: 'RefusedError'})]);
    expect(b.errors).toEqual([]);
  };
});

testFailure(4, 'a hook refuses what is deleted', async (half) => {
  const content = [
    {t: {r: {kept: 1, free: 1}, kept: {x: 1}}, kept: {r: {x: 1}}},
    {kept: 1},
  ] as const;
  const room = createTestRoom(server, half, {ruled: true});
  await room.putContent(structuredClone(content) as any);
  const a = await startClient(half, room);
  const b = await startClient(half, room);
  const seenByA = recordTransactions(a.store);
  const seenByB = recordTransactions(b.store);
  a.store.transaction(() => {
    a.store.delCell('t', 'r', 'kept');
    a.store.delRow('t', 'kept');
    a.store.delTable('kept');
    a.store.delValue('kept');
    a.store.delCell('t', 'r', 'free');
    a.store.setCell('t', 'r', 'other', 1);
  });
  await until(() => !b.store.hasCell('t', 'r', 'free'));
  return async () => {
    const expected = structuredClone(content) as any;
    delete expected[0].t.r.free;
    expected[0].t.r.other = 1;
    expect(await expectSame(room, [a, b])).toEqual(expected);
    expect(seenByB.flat().toSorted()).toEqual(['t,r,free,', 't,r,other,1']);
    const [, ...undone] = seenByA.filter((changes) => changes.length);
    expect(undone).toHaveLength(1);
    expect(undone[0]).toHaveLength(4);
    expect(a.errors).toEqual([expect.objectContaining({name: 'RefusedError'})]);
  };
});

testFailure(17, 'the first save is refused in full', async (half) => {
  const room = createTestRoom(server, half, {ruled: true});
  const a = createClient(half, room);
  await untilOpen(a);
  await a.persister.startAutoPersisting([{t: {r: {refused: 1}}}, {}]);
  a.store.setCell('t', 'r', 'valid', 1);
  a.store.setValue('valid', 2);
  expect(a.store.getCell('t', 'r', 'valid')).toBe(1);
  return async () => {
    await expectSoon(async () =>
      expect(await room.getContent()).toEqual([
        {t: {r: {valid: 1}}},
        {valid: 2},
      ]),
    );
    await expectSame(room, [a]);
  };
});

testFailure(20, 'a kept row goes with its table', async (half) => {
  const room = createTestRoom(server, half, {ruled: true});
  await room.putContent([{t: {kept: {x: 1, y: 2}, other: {x: 3}}}, {}]);
  const a = await startClient(half, room);
  const b = await startClient(half, room);
  a.store.delTable('t');
  a.store.setValue('after', 1);
  await until(() => b.store.getValue('after') === 1);
  return async () => {
    const [tables] = await expectSame(room, [a, b]);
    expect(tables['t']?.['kept']).toEqual({x: 1, y: 2});
  };
});

testFailure(20, 'a kept row goes cell by cell', async (half) => {
  const room = createTestRoom(server, half, {ruled: true});
  await room.putContent([{t: {kept: {x: 1, y: 2}}}, {}]);
  const a = await startClient(half, room);
  const b = await startClient(half, room);
  a.store.delCell('t', 'kept', 'x');
  a.store.delCell('t', 'kept', 'y');
  a.store.setValue('after', 1);
  await until(() => b.store.getValue('after') === 1);
  return async () => {
    const [tables] = await expectSame(room, [a, b]);
    expect(tables['t'] ?? {}).toHaveProperty('kept');
  };
});

testFailure(24, 'a listener reacts to a remote change', async (half) => {
  const room = createTestRoom(server, half);
  const a = await startClient(half, room);
  const b = await startClient(half, room);
  a.store.addCellListener(
    't',
    'r',
    'asked',
    (store, ...[, , , asked]) =>
      void store.setCell('t', 'r', 'answered', `${asked}!`),
    true,
  );
  b.store.setCell('t', 'r', 'asked', 'why');
  await until(() => a.store.getCell('t', 'r', 'answered') == 'why!');
  return async () => {
    await expectSoon(() =>
      expect(b.store.getRow('t', 'r')).toEqual({
        asked: 'why',
        answered: 'why!',
      }),
    );
    await expectSame(room, [a, b]);
  };
});
