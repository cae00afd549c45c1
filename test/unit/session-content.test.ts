import {createStore} from 'tinybase';
import {describe, expect, test} from 'vitest';
import {createScriptedSession} from '../support/scripted-session.js';
import {settle} from '../support/scripted-world.js';

type Scripted = ReturnType<typeof createScriptedSession>;

/** Auto-persists with a room that has no Store, up to the offer of one. */
const startEmpty = async (
  {session, socket, world, welcome}: Scripted,
  initial?: any,
): Promise<Promise<void>> => {
  socket.open();
  session.setAutoSave(true);
  session.setAutoLoad(true);
  const loading = session.load(initial);
  await settle();
  await world.takeRequest().answer(200, '', '".0"');
  welcome({epoch: '', offset: 0});
  await settle();
  return loading;
};

describe('the content of a room', () => {
  test('is asked for where the room is, past caches', async () => {
    const {session, world} = createScriptedSession({
      config: {storePath: '/my/store', storeProtocol: 'https'},
    });
    void session.load();
    await settle();
    const {method, url} = world.takeRequest();
    expect([method, url]).toEqual([
      'GET',
      'https://localhost:1999/parties/main/room/my/store?_pk=id',
    ]);
  });

  test('is loaded without joining where nothing is automatic', async () => {
    const {store, session, socket, world} = createScriptedSession();
    socket.open();
    const loading = session.load();
    await settle();
    await world.takeRequest().answer(200, '[{"t":{"r":{"c":1}}},{}]', '"e.3"');
    await loading;
    expect(store.getTables()).toEqual({t: {r: {c: 1}}});
    expect(socket.sent).toEqual([]);
  });

  test('is the initial content where the room has none', async () => {
    const {store, session, world} = createScriptedSession();
    const loading = session.load([{}, {v: 'initial'}]);
    await settle();
    await world.takeRequest().answer(200, '', '".0"');
    await loading;
    expect(store.getValues()).toEqual({v: 'initial'});
  });

  test('is what a function gives, called only where the room has none', async () => {
    const {store, session, world} = createScriptedSession();
    let calls = 0;
    const initial = () => {
      calls++;
      return [{}, {v: 'initial'}] as any;
    };
    const loading = session.load(initial);
    await settle();
    await world.takeRequest().answer(200, '[{},{"v":"room"}]', '"e.3"');
    await loading;
    expect([calls, store.getValues()]).toEqual([0, {v: 'room'}]);
  });

  test('is the initial content where the room is out of reach', async () => {
    const {store, session, world} = createScriptedSession();
    const loading = session.load([{}, {v: 'initial'}]);
    await settle();
    const failure = new TypeError('no network');
    const failed = expect(loading).rejects.toBe(failure);
    await world.takeRequest().fail(failure);
    await failed;
    expect(store.getValues()).toEqual({v: 'initial'});
  });

  test('keeps the Store where neither has any', async () => {
    const {store, session, world} = createScriptedSession();
    store.setValue('v', 'local');
    const loading = session.load();
    await settle();
    await world.takeRequest().answer(200, '', '".0"');
    await loading;
    expect(store.getValues()).toEqual({v: 'local'});
  });

  test.each([401, 404, 500])(
    'fails with the response where that is %i',
    async (status) => {
      const {session, world} = createScriptedSession();
      const loading = session.load();
      await settle();
      const failed = expect(loading).rejects.toMatchObject({status});
      await world.takeRequest().answer(status, 'no');
      await failed;
    },
  );

  test('C4: comes under what is pending', async () => {
    const {store, session, world, socket, welcome, takePushIds} =
      createScriptedSession();
    socket.open();
    session.setAutoSave(true);
    session.setAutoLoad(true);
    store.setValue('a', 'mine');
    const loading = session.load();
    await settle();
    store.setValue('b', 'mine');
    await world
      .takeRequest()
      .answer(200, '[{},{"a":"room","b":"room","c":"room"}]', '"e.3"');
    expect(store.getValues()).toEqual({a: 'mine', b: 'mine', c: 'room'});
    welcome({offset: 3});
    await loading;
    expect(takePushIds()).toEqual([1, 2]);
  });

  test('is not taken where a commit has overtaken it', async () => {
    const {store, session, world, commit, start} = createScriptedSession();
    await start([{}, {a: 1}], 1);
    const loading = session.load();
    await settle();
    commit(2, [[{}, {a: 2}, 1]]);
    await world.takeRequest().answer(200, '[{},{"a":1}]', '"e.1"');
    expect(store.getValues()).toEqual({a: 2});
    // Loaded again: what `load` promises is the room's content.
    await world.takeRequest().answer(200, '[{},{"a":2}]', '"e.2"');
    await loading;
    expect(store.getValues()).toEqual({a: 2});
    commit(3, [[{}, {b: 3}, 1]]);
    expect(store.getValues()).toEqual({a: 2, b: 3});
  });

  test('J3: is not taken from a cache that is behind the welcome', async () => {
    const {store, session, socket, world, errors, welcome} =
      createScriptedSession();
    socket.open();
    session.setAutoSave(true);
    session.setAutoLoad(true);
    session.join();
    welcome({offset: 5, delta: null});
    await settle();
    await world.takeRequest().answer(200, '[{},{"a":"old"}]', '"e.3"');
    expect(errors).toMatchObject([{name: 'TypeError'}]);
    expect(store.getValues()).toEqual({});
    // Not at once: it would be asked at the network's speed.
    expect(world.requests).toEqual([]);
    await world.advance(1_500);
    welcome({offset: 5, delta: null});
    await settle();
    await world.takeRequest().answer(200, '[{},{"a":"new"}]', '"e.5"');
    welcome({offset: 5});
    expect(store.getValues()).toEqual({a: 'new'});
    expect(session.getState()).toBe('synced');
  });

  test('overtakes commits that it has already', async () => {
    const {store, session, world, commit, start} = createScriptedSession();
    await start([{}, {a: 1}], 1);
    const loading = session.load();
    await settle();
    await world.takeRequest().answer(200, '[{},{"a":3}]', '"e.3"');
    await loading;
    expect(store.getValues()).toEqual({a: 3});
    commit(2, [[{}, {a: 2}, 1]]);
    commit(3, [[{}, {a: 3}, 1]]);
    commit(4, [[{}, {b: 4}, 1]]);
    expect(store.getValues()).toEqual({a: 3, b: 4});
  });
});

describe('a room without a Store', () => {
  test('J4: is offered the content, without what is pending', async () => {
    const scripted = createScriptedSession();
    const {store, session, world, welcome, getHello} = scripted;
    store.setValue('before', 1);
    const starting = startEmpty(scripted);
    await settle();
    store.setValue('pending', 1);
    await world.advance(0);
    const {method, body} = world.takeRequest();
    expect([method, body]).toEqual(['PUT', '[{},{"before":1}]']);
    await world.takeRequest().answer(201, null, '"e.1"');
    expect(getHello().slice(3)).toEqual(['e', 1]);
    welcome({offset: 1});
    await starting;
    expect(scripted.takePushIds()).toEqual([1]);
    expect(session.getPendingCount()).toBe(1);
  });

  test('J4: is offered the initial content', async () => {
    const scripted = createScriptedSession();
    const starting = startEmpty(scripted, [{}, {v: 'initial'}]);
    await scripted.world.advance(0);
    expect(scripted.world.takeRequest().body).toBe('[{},{"v":"initial"}]');
    await scripted.world.takeRequest().answer(201, null, '"e.1"');
    scripted.welcome();
    await starting;
  });

  test('J4, H2: keeps its own where another was first', async () => {
    const scripted = createScriptedSession();
    const {store, world, welcome} = scripted;
    const starting = startEmpty(scripted, [{}, {v: 'mine'}]);
    await world.advance(0);
    await world.takeRequest().answer(205);
    await world.takeRequest().answer(200, '[{},{"v":"first"}]', '"e.1"');
    welcome();
    await starting;
    expect(store.getValues()).toEqual({v: 'first'});
  });

  test('H2: is loaded where it stored something else than offered', async () => {
    const scripted = createScriptedSession();
    const {store, world, welcome} = scripted;
    const starting = startEmpty(scripted, [{}, {v: 'mine', refused: 1}]);
    await world.advance(0);
    await world.takeRequest().answer(201);
    await world.takeRequest().answer(200, '[{},{"v":"mine"}]', '"e.1"');
    welcome();
    await starting;
    expect(store.getValues()).toEqual({v: 'mine'});
  });

  test('J4: is offered nothing by a client that only loads', async () => {
    const {session, socket, world, welcome} = createScriptedSession();
    socket.open();
    session.setAutoLoad(true);
    const loading = session.load();
    await settle();
    await world.takeRequest().answer(200, '', '".0"');
    welcome({epoch: '', offset: 0});
    await loading;
    expect(world.requests).toEqual([]);
    expect(session.getState()).toBe('synced');
  });

  test('J6: loads what comes to be in it', async () => {
    const {store, session, socket, world, deliver, welcome} =
      createScriptedSession();
    socket.open();
    session.setAutoLoad(true);
    const loading = session.load();
    await settle();
    await world.takeRequest().answer(200, '', '".0"');
    welcome({epoch: '', offset: 0});
    await loading;
    deliver('w', [1, '']);
    welcome({offset: 1, delta: null});
    await settle();
    await world.takeRequest().answer(200, '[{},{"v":1}]', '"e.1"');
    welcome({offset: 1});
    expect(store.getValues()).toEqual({v: 1});
    expect(session.getState()).toBe('synced');
  });
});

describe('a PartySocket that moves to another room', () => {
  test('C7: takes nothing along that is pending', async () => {
    const store = createStore();
    const scripted = createScriptedSession({store});
    const {session, socket, world, errors, welcome, getHello} = scripted;
    await scripted.start([{}, {room: 1}]);
    const [, clientId] = getHello();
    socket.close();
    store.setValue('pending', 1);
    socket.moveTo('other');
    socket.open();
    expect(errors).toMatchObject([
      {name: 'LostError', changes: [[{}, {pending: 1}, 1]]},
    ]);
    expect(errors[0]).toBeInstanceOf(Error);
    expect(session.getPendingCount()).toBe(0);
    expect(getHello()[1]).not.toBe(clientId);
    expect(getHello().slice(3)[0]).toBe('');
    socket.take();
    welcome({epoch: 'f', offset: 7, delta: null});
    await settle();
    expect(world.takeRequest().url).toContain('/other/store');
    await world.takeRequest().answer(200, '[{},{"room":2}]', '"f.7"');
    welcome({epoch: 'f', offset: 7});
    expect(store.getValues()).toEqual({room: 2});
    expect(scripted.takePushIds()).toEqual([]);
    store.setValue('new', 1);
    expect(scripted.takePushIds()).toEqual([1]);
  });

  test('C7: writes nothing into the room that it leaves', async () => {
    const {store, socket, commit, start, ...scripted} = createScriptedSession();
    await start([{}, {room: 1}]);
    socket.moveTo('other');
    // The socket of the old room is still open, and says one thing more.
    commit(2, [[{}, {late: 1}, 1]]);
    expect(store.getValues()).toEqual({room: 1});
    socket.take();
    socket.close();
    socket.open();
    expect(scripted.takePushIds()).toEqual([]);
  });
});

test('C7: what the app writes when told is for the new room alone', async () => {
  const store = createStore();
  const {socket, welcome, commit, start, takePushIds} = createScriptedSession({
    store,
    onError: () => store.setValue('told', 1),
  });
  await start([{}, {room: 1}]);
  store.setValue('pending', 1);
  socket.take();
  socket.moveTo('other');
  commit(2, [[{}, {late: 1}, 1]]);
  expect(takePushIds()).toEqual([]);
  socket.close();
  socket.open();
  welcome({epoch: 'f', offset: 7, delta: []});
  expect(takePushIds()).toEqual([1]);
});

test('C7, J4: an offer to the room that was left says nothing of the next', async () => {
  const {store, session, socket, world, welcome} = createScriptedSession();
  session.setAutoSave(true);
  socket.open();
  welcome({epoch: '', offset: 0});
  await settle();
  const offer = world.takeRequest();
  expect(offer.method).toBe('PUT');
  socket.close();
  socket.moveTo('other');
  socket.open();
  await offer.answer(205);
  store.setValue('v', 1);
  welcome({epoch: '', offset: 0});
  await settle();
  expect(world.takeRequest()).toMatchObject({method: 'PUT'});
  expect(world.takeRequest().url).toContain('/other/');
});

describe('the end of a session', () => {
  test('leaves no listener and no timer', async () => {
    const {store, session, socket, world, start} = createScriptedSession();
    await start();
    store.setValue('v', 1);
    session.destroy();
    expect(socket.getListenerCount()).toBe(0);
    expect(store.getListenerStats().transaction).toBe(0);
    await world.advance(100_000);
    expect(world.getTimerCount()).toBe(0);
    expect(socket.reconnects).toBe(0);
  });

  test('ignores what arrives after it', async () => {
    const {store, session, world, errors} = createScriptedSession();
    const loading = session.load();
    await settle();
    session.destroy();
    await world.takeRequest().answer(200, '[{},{"v":1}]', '"e.1"');
    await loading.catch(() => {});
    expect(store.getValues()).toEqual({});
    expect(errors).toEqual([]);
  });
});
