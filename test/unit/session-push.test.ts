import {createStore} from 'tinybase';
import {describe, expect, test} from 'vitest';
import {
  MAX_FRAME_LENGTH,
  MAX_IN_FLIGHT_LENGTH,
  MAX_PENDING_LENGTH,
  MAX_PUSH_LENGTH,
} from '../../src/protocol/limits.js';
import {createScriptedSession} from '../support/scripted-session.js';

describe('pushes', () => {
  test('P1: are pending until they are answered', async () => {
    const {store, session, socket, commit, start} = createScriptedSession();
    await start();
    expect(session.getState()).toBe('synced');
    store.setValue('a', 1);
    expect(socket.take()).toEqual([['p', [1, [{}, {a: 1}, 1]]]]);
    expect([session.getState(), session.getPendingCount()]).toEqual([
      'syncing',
      1,
    ]);
    commit(2, 0, [1]);
    expect([session.getState(), session.getPendingCount()]).toEqual([
      'synced',
      0,
    ]);
  });

  test('P1: are answered by a higher mutation id, too', async () => {
    const {store, session, commit, start} = createScriptedSession();
    await start();
    store.setValue('a', 1).setValue('b', 2).setValue('c', 3);
    commit(3, 0, [2]);
    expect(session.getPendingCount()).toBe(1);
    expect(store.getValues()).toEqual({a: 1, b: 2, c: 3});
  });

  test('P6: become the truth as they are where the answer is 0', async () => {
    const {store, session, commit, errors, start} = createScriptedSession();
    await start([{}, {a: 0}]);
    store.setValue('a', 1);
    commit(2, 0, [1]);
    store.setValue('a', 2);
    commit(3, 0, [2, 2]);
    expect(store.getValues()).toEqual({a: 1});
    expect(errors).toHaveLength(1);
    expect(session.getPendingCount()).toBe(0);
  });

  test('P6: of others are no news where the answer is 0', async () => {
    const {store, deliver, commit, start} = createScriptedSession();
    await start([{}, {a: 0}]);
    // A platform that can only broadcast sends it to everyone.
    deliver('c', [2, 0, {'mark of another': [1]}]);
    commit(2, [[{}, {a: 1}, 1]]);
    expect(store.getValues()).toEqual({a: 1});
  });

  test('C1: stay on top of what others commit, without a flicker', async () => {
    const {store, commit, start} = createScriptedSession();
    await start([{}, {a: 0, b: 0}]);
    store.setValue('a', 'mine');
    const seen: unknown[] = [];
    store.addValueListener(null, (...[, id, value]) => seen.push([id, value]));
    commit(2, [[{}, {a: 'theirs', b: 'theirs'}, 1]]);
    expect(seen).toEqual([['b', 'theirs']]);
    commit(3, [[{}, {a: 'mine'}, 1]], [1]);
    expect(seen).toHaveLength(1);
    expect(store.getValues()).toEqual({a: 'mine', b: 'theirs'});
  });

  test("C2: leave the room's truth behind, with the commit at once", async () => {
    const {store, commit, start} = createScriptedSession();
    await start([{}, {a: 0}]);
    store.setValue('a', 'mine');
    let transactions = 0;
    store.addDidFinishTransactionListener(() => transactions++);
    commit(3, [[{t: {r: {c: 1}}}, {a: 'theirs'}, 1]], [1]);
    expect(store.getContent()).toEqual([{t: {r: {c: 1}}}, {a: 'theirs'}]);
    expect(transactions).toBe(1);
  });

  test('C5: that are refused are rolled back and told', async () => {
    const {store, commit, errors, start} = createScriptedSession();
    await start([{t: {r: {c: 1}}}, {}]);
    store.delRow('t', 'r');
    store.setValue('a', 1);
    expect(store.getTables()).toEqual({});
    commit(2, [[{}, {a: 1}, 1]], [2, 1]);
    expect(store.getContent()).toEqual([{t: {r: {c: 1}}}, {a: 1}]);
    expect(errors).toEqual([expect.any(Error)]);
    expect(errors[0]).toMatchObject({
      name: 'RefusedError',
      changes: [[{t: undefined}, {}, 1]],
    });
  });

  test('C5: are told as TinyBase gives changes', async () => {
    const {store, commit, errors, start} = createScriptedSession();
    await start([{t: {r: {c: 1, d: 1}, s: {c: 1}}}, {v: 1}]);
    const told: unknown[] = [];
    store.addDidFinishTransactionListener(() =>
      told.push(structuredClone(store.getTransactionChanges())),
    );
    store.transaction(() =>
      store
        .delCell('t', 'r', 'c')
        .delRow('t', 's')
        .setCell('u', '__proto__', 'c', {a: [null]})
        .delValue('v')
        .setValue('w', []),
    );
    commit(2, [], [1, 1]);
    expect(errors[0].changes).toHaveLength(1);
    expect(errors[0].changes[0]).toStrictEqual(told[0]);
  });

  test('C3: tell of what the app makes of a commit', async () => {
    const {store, socket, commit, start} = createScriptedSession();
    await start();
    store.addValueListener('a', () => store.setValue('b', 'reaction'), true);
    commit(2, [[{}, {a: 1}, 1]]);
    expect(socket.take()).toEqual([['p', [1, [{}, {b: 'reaction'}, 1]]]]);
  });

  test("C3: tell of a schema's defaults, not of what it refuses", async () => {
    const store = createStore().setTablesSchema({
      t: {a: {type: 'number'}, b: {type: 'number', default: 0}},
    });
    const {socket, commit, start} = createScriptedSession({store});
    await start();
    commit(2, [[{t: {r: {a: 1}, s: {a: 'text'}}}, {}, 1]]);
    const pushed = socket.take();
    expect(pushed).toHaveLength(1);
    expect(pushed[0]![1][1][0].t.r).toEqual({b: 0});
    expect(JSON.stringify(pushed)).not.toContain('text');
  });

  test('C4: wait while offline, from the start on', async () => {
    const scripted = createScriptedSession();
    const {store, session, socket, welcome} = scripted;
    store.setValue('before', 1);
    session.setAutoSave(true);
    store.setValue('a', 1);
    expect(session.getPendingCount()).toBe(1);
    socket.open();
    welcome();
    socket.close();
    store.setValue('b', 2);
    expect(session.getState()).toBe('offline');
    socket.open();
    welcome({answer: [1]});
    expect(scripted.takePushIds()).toEqual([1, 2]);
  });

  test('C4: are made no more when auto-saving stops', async () => {
    const {store, session, start} = createScriptedSession();
    await start();
    session.setAutoSave(false);
    store.setValue('a', 1);
    expect(session.getPendingCount()).toBe(0);
  });

  test('take no commit twice, nor one that a load has overtaken', async () => {
    const {store, commit, start} = createScriptedSession();
    await start([{}, {a: 5}], 5);
    commit(4, [[{}, {a: 4}, 1]]);
    commit(5, [[{}, {a: 4}, 1]]);
    expect(store.getValues()).toEqual({a: 5});
    commit(6, [[{}, {a: 6}, 1]]);
    commit(6, [[{}, {a: 7}, 1]]);
    expect(store.getValues()).toEqual({a: 6});
  });

  test('F2: are fragments where they are large', async () => {
    const {store, socket, session, commit, start} = createScriptedSession();
    await start();
    store.setValue('a', 'x'.repeat(600_000));
    expect(socket.sent.slice(-3).map((frame) => frame.slice(0, 8))).toEqual([
      'f[1,0,3]',
      'f[1,1,3]',
      'f[1,2,3]',
    ]);
    commit(2, 0, [1]);
    expect(session.getPendingCount()).toBe(0);
  });

  test('F2, P3: are refused at home where no room would take them', async () => {
    const {store, session, errors, start, takePushIds, commit} =
      createScriptedSession();
    await start([{}, {a: 0}]);
    store.setValue('b', 1);
    store.setValue('a', 'x'.repeat(MAX_PUSH_LENGTH));
    store.setValue('c', 1);
    // In its turn, that is, and nothing is skipped: the room would wait for it.
    expect(takePushIds()).toEqual([1, 2, 3]);
    expect(session.getPendingCount()).toBe(3);
    commit(4, [[{}, {b: 1, c: 1}, 1]], [3]);
    expect(errors).toMatchObject([{name: 'RefusedError'}]);
    expect(session.getPendingCount()).toBe(0);
    expect(store.getValues()).toEqual({a: 0, b: 1, c: 1});
  });

  test('C8: are not sent all at once where they are long', async () => {
    const scripted = createScriptedSession();
    const {store, commit, start, takePushIds, socket} = scripted;
    await start();
    const text = 'x'.repeat(MAX_FRAME_LENGTH - 100);
    const fit = Math.floor(MAX_IN_FLIGHT_LENGTH / MAX_FRAME_LENGTH);
    for (let id = 1; id <= fit + 3; id++) {
      store.setValue('v', text + id);
    }
    expect(takePushIds()).toHaveLength(fit);
    commit(2, 0, [2]);
    expect(takePushIds()).toEqual([fit + 1, fit + 2]);
    commit(3, 0, [fit + 2]);
    expect(takePushIds()).toEqual([fit + 3]);
    commit(4, 0, [fit + 3]);
    // One that is longer alone goes all the same.
    const sent = socket.sent.length;
    store.setValue('v', 'x'.repeat(MAX_IN_FLIGHT_LENGTH));
    expect(socket.sent.length - sent).toBeGreaterThan(fit);
  });

  test('C8: beyond what a client keeps are refused at home', async () => {
    const {store, session, errors, welcome, socket, commit} =
      createScriptedSession();
    session.setAutoSave(true);
    const count = MAX_PENDING_LENGTH / 4_000_000;
    for (let id = 1; id <= count; id++) {
      store.setValue(`v${id}`, 'x'.repeat(4_000_000));
    }
    store.setValue('last', 1);
    expect(session.getPendingCount()).toBe(count + 1);
    socket.open();
    welcome({answer: [count - 1], delta: []});
    expect(errors).toEqual([]);
    commit(count, 0, [count + 1]);
    expect(errors).toHaveLength(1);
    expect(errors[0].changes).toHaveLength(1);
    expect(Object.keys(errors[0].changes[0][1])).toEqual([`v${count}`]);
    expect(store.hasValue(`v${count}`)).toBe(false);
    expect(store.getValue('last')).toBe(1);
    // There is room again.
    store.setValue('more', 'x'.repeat(4_000_000));
    commit(count + 1, 0, [count + 2]);
    expect(errors).toHaveLength(1);
  });

  test('C6: make the client reconnect where an answer is overdue', async () => {
    const {store, socket, world, welcome, start} = createScriptedSession();
    await start();
    store.setValue('a', 1);
    await world.advance(9_999);
    expect(socket.reconnects).toBe(0);
    await world.advance(1);
    expect(socket.reconnects).toBe(1);
    const waits: number[] = [];
    for (let failures = 1; failures < 6; failures++) {
      const before = socket.reconnects;
      socket.open();
      let waited = 0;
      while (socket.reconnects == before && waited < 200_000) {
        await world.advance(500);
        waited += 500;
      }
      waits.push(waited);
    }
    expect(waits).toEqual([20_000, 40_000, 60_000, 60_000, 60_000]);
    socket.open();
    welcome({answer: [1], offset: 2, delta: [[{}, {a: 1}, 1]]});
    store.setValue('a', 2);
    await world.advance(10_000);
    expect(socket.reconnects).toBe(7);
  });

  test('C6: have as long as it takes while answers come', async () => {
    const {store, socket, world, commit, start} = createScriptedSession({
      config: {heartbeatMs: 0},
    });
    await start();
    for (let id = 1; id <= 5; id++) {
      store.setValue('a', id);
      await world.advance(8_000);
      commit(id + 1, 0, [id]);
    }
    expect(socket.reconnects).toBe(0);
    await world.advance(200_000);
    expect(socket.reconnects).toBe(0);
  });

  test('P1: are answered also where the room has no Store yet', async () => {
    const {store, session, socket, world, welcome, commit, errors} =
      createScriptedSession();
    socket.open();
    session.setAutoSave(true);
    session.setAutoLoad(true);
    const loading = session.load();
    await world.advance(0);
    await world.takeRequest().answer(200, '', '".0"');
    welcome({epoch: '', offset: 0});
    await world.advance(0);
    // The hooks refuse all of what is offered.
    await world.takeRequest().answer(201);
    await world.takeRequest().answer(200, '', '".0"');
    welcome({epoch: '', offset: 0});
    await loading;
    store.setValue('refused', 1);
    expect(session.getPendingCount()).toBe(1);
    commit(0, [], [1, 1]);
    expect(session.getPendingCount()).toBe(0);
    expect(store.getValues()).toEqual({});
    expect(errors).toMatchObject([{name: 'RefusedError'}]);
  });
});
