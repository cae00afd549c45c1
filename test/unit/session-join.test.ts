import {describe, expect, test} from 'vitest';
import {createScriptedSession} from '../support/scripted-session.js';
import {settle} from '../support/scripted-world.js';

describe('joining', () => {
  test('J1: says hello when the socket opens', () => {
    const {session, socket, getHello} = createScriptedSession();
    session.setAutoSave(true);
    expect(session.getState()).toBe('offline');
    socket.open();
    expect(session.getState()).toBe('syncing');
    expect(socket.take()).toHaveLength(1);
    const [version, clientId, nonce, epoch, offset] = getHello();
    expect([version, epoch, offset]).toEqual([1, '', 0]);
    expect(clientId).not.toBe(nonce);
  });

  test('J1: says hello on a socket that is open already', () => {
    const {session, socket} = createScriptedSession();
    socket.open();
    expect(socket.take()).toEqual([]);
    session.setAutoSave(true);
    session.join();
    expect(socket.take()).toHaveLength(1);
  });

  test('J1: sends no push before the welcome, and then all in order', () => {
    const {store, session, socket, welcome, takePushIds} =
      createScriptedSession();
    session.setAutoSave(true);
    store.setValue('a', 1);
    socket.open();
    store.setValue('b', 2);
    expect(takePushIds()).toEqual([]);
    welcome();
    expect(takePushIds()).toEqual([1, 2]);
    store.setValue('c', 3);
    expect(takePushIds()).toEqual([3]);
  });

  test('J1: takes no notice of the welcome to an earlier hello', () => {
    const {store, session, socket, getHello, deliver, takePushIds} =
      createScriptedSession();
    session.setAutoSave(true);
    store.setValue('a', 1);
    socket.open();
    const [, , nonce] = getHello();
    socket.close();
    socket.open();
    deliver('w', [1, nonce, 'e', 1, [0], [], 'mark']);
    expect(takePushIds()).toEqual([]);
    expect(session.getState()).toBe('syncing');
  });

  test('F3: keeps the client id for itself, and renews the nonce', async () => {
    const {socket, getHello, start} = createScriptedSession();
    await start();
    const [, clientId, nonce] = getHello();
    socket.close();
    socket.open();
    const [, clientIdThen, nonceThen] = getHello();
    expect(clientIdThen).toBe(clientId);
    expect(nonceThen).not.toBe(nonce);
  });

  test('J2: says what it has, and takes what it has missed', async () => {
    const {store, socket, getHello, welcome, commit, start} =
      createScriptedSession();
    await start([{}, {v: 1}], 5);
    commit(6, [[{}, {v: 2}, 1]]);
    socket.close();
    socket.open();
    expect(getHello().slice(3)).toEqual(['e', 6]);
    let transactions = 0;
    store.addDidFinishTransactionListener(() => transactions++);
    welcome({
      offset: 9,
      delta: [
        [{}, {v: 3}, 1],
        [{t: {r: {c: 1}}}, {}, 1],
      ],
    });
    expect(store.getContent()).toEqual([{t: {r: {c: 1}}}, {v: 3}]);
    expect(transactions).toBe(1);
  });

  test('J2: writes nothing where nothing was missed', async () => {
    const {store, session, socket, welcome, start} = createScriptedSession();
    await start([{}, {v: 1}], 5);
    let changes = 0;
    store.addValuesListener(() => changes++);
    socket.close();
    socket.open();
    welcome({offset: 5});
    expect(changes).toBe(0);
    expect(session.getState()).toBe('synced');
  });

  test('J3: loads the content where the room sends null', async () => {
    const {store, session, socket, world, getHello, welcome, start} =
      createScriptedSession();
    await start([{}, {v: 1, w: 1}], 5);
    socket.close();
    store.setValue('v', 'mine');
    socket.open();
    welcome({epoch: 'f', offset: 3, delta: null});
    await settle();
    expect(session.getState()).toBe('syncing');
    const seen: unknown[] = [];
    store.addValueListener('v', (...[, , value]) => seen.push(value));
    await world.takeRequest().answer(200, '[{},{"v":"theirs","x":2}]', '"f.3"');
    expect(store.getValues()).toEqual({v: 'mine', x: 2});
    expect(seen).toEqual([]);
    expect(getHello().slice(3)).toEqual(['f', 3]);
    welcome({epoch: 'f', offset: 3});
    expect(session.getState()).toBe('syncing');
    expect(session.getPendingCount()).toBe(1);
  });

  test('J3: tries again, less and less often, where loading fails', async () => {
    const {socket, world, errors, welcome, start} = createScriptedSession();
    await start();
    socket.close();
    socket.open();
    const failure = new TypeError('no network');
    const delays: number[] = [];
    for (let failures = 1; failures <= 8; failures++) {
      welcome({epoch: 'f', offset: 3, delta: null});
      await settle();
      await world.takeRequest().fail(failure);
      expect(errors).toHaveLength(failures);
      socket.take();
      let waited = 0;
      while (!socket.take().length && waited < 100_000) {
        await world.advance(100);
        waited += 100;
      }
      delays.push(waited);
    }
    expect(errors.every((error) => error == failure)).toBe(true);
    expect(delays[0]).toBeGreaterThanOrEqual(500);
    expect(delays.at(-1)).toBeLessThanOrEqual(90_000);
    expect(delays).toEqual([...delays].sort((a, b) => a - b));
    expect(delays.at(-1)).toBeGreaterThan(delays[0]! * 4);
  });

  test('J5: is through with answered pushes, and sends the others', async () => {
    const {store, session, socket, welcome, start, takePushIds} =
      createScriptedSession();
    await start();
    store.setValue('a', 1).setValue('b', 2).setValue('c', 3);
    expect(takePushIds()).toEqual([1, 2, 3]);
    socket.close();
    store.setValue('d', 4);
    socket.open();
    welcome({offset: 3, answer: [2], delta: [[{}, {a: 1, b: 2}, 1]]});
    expect(takePushIds()).toEqual([3, 4]);
    expect(session.getPendingCount()).toBe(2);
    expect(store.getValues()).toEqual({a: 1, b: 2, c: 3, d: 4});
  });

  test('J5: learns of refusals that it has missed', async () => {
    const {store, socket, errors, welcome, start} = createScriptedSession();
    await start([{}, {a: 0}]);
    store.setValue('a', 1).setValue('b', 2);
    socket.close();
    socket.open();
    welcome({offset: 2, answer: [2, 1], delta: [[{}, {b: 2}, 1]]});
    expect(store.getValues()).toEqual({a: 0, b: 2});
    expect(errors).toMatchObject([
      {name: 'RefusedError', changes: [[{}, {a: 1}, 1]]},
    ]);
  });

  test('J6: says hello again where the room asks for it', async () => {
    const scripted = createScriptedSession();
    const {store, session, socket, deliver, getHello, welcome} = scripted;
    await scripted.start();
    store.setValue('a', 1);
    const [, , nonce] = getHello();
    socket.take();
    deliver('w', [1, '']);
    expect(socket.take().map(([letter]) => letter)).toEqual(['h']);
    expect(getHello()[2]).not.toBe(nonce);
    // Whatever came before the hello and was not answered is lost.
    welcome({answer: [0]});
    expect(scripted.takePushIds()).toEqual([1]);
    expect(session.getPendingCount()).toBe(1);
  });

  test('J6: takes no answer before the welcome, while it loads either', async () => {
    const scripted = createScriptedSession();
    const {store, session, world, errors, deliver, commit, welcome} = scripted;
    await scripted.start();
    store.setValue('refused', 1).setValue('fine', 1);
    const loading = session.load();
    await settle();
    deliver('w', [1, '']);
    // Of the first one the room tells only in the welcome.
    commit(3, [[{}, {fine: 1}, 1]], [2]);
    expect(session.getPendingCount()).toBe(2);
    await world.takeRequest().answer(200, '[{},{"fine":1}]', '"e.3"');
    welcome({offset: 3, answer: [2, 1]});
    await loading;
    expect(errors).toMatchObject([{name: 'RefusedError'}]);
    expect(store.getValues()).toEqual({fine: 1});
    expect(session.getState()).toBe('synced');
  });

  test('F1: leaves frames alone that are not of the protocol', () => {
    const {store, session, socket} = createScriptedSession({
      config: {messagePrefix: 'tb/'},
    });
    session.setAutoSave(true);
    socket.open();
    expect(socket.sent[0]).toMatch(/^tb\/h\[/);
    [
      'w[1,""]',
      'tb/',
      'tb/x[1]',
      'tb/c{',
      'tb/cnull',
      'tb/s{}',
      'tb/w1',
      new ArrayBuffer(1) as any,
    ].forEach((frame) => socket.deliver(frame));
    expect(socket.sent).toHaveLength(1);
    expect(store.getContent()).toEqual([{}, {}]);
  });
});
