import {describe, expect, test} from 'vitest';
import {createScriptedSession} from '../support/scripted-session.js';
import {settle} from '../support/scripted-world.js';

type Scripted = ReturnType<typeof createScriptedSession>;

/** Auto-persists with a room of TinyBase's, which answers no hello. */
const startLegacy = async (content = '[{},{}]'): Promise<Scripted> => {
  const scripted = createScriptedSession();
  const {session, socket, world} = scripted;
  socket.open();
  session.setAutoSave(true);
  session.setAutoLoad(true);
  const loading = session.load();
  await settle();
  await world.takeRequest().answer(200, content);
  await loading;
  await session.save();
  session.join();
  await world.advance(999);
  expect(socket.take().map(([letter]) => letter)).toEqual(['h']);
  await world.advance(1);
  await answerAll(scripted, content);
  return scripted;
};

/** Answers whatever the client asks for. */
const answerAll = async ({world}: Scripted, content: string): Promise<void> => {
  for (let i = 0; i < 5 && world.requests.length; i++) {
    await world.takeRequest().answer(200, content);
  }
};

describe('a legacy room', () => {
  test('L4: gets changes as TinyBase sends them, after a second', async () => {
    const {store, session, socket, world} = await startLegacy();
    store.setValue('v', [1]);
    store.setCell('t', 'r', 'c', 1).delCell('t', 'r', 'c');
    expect(socket.take()).toEqual([
      ['s', [{}, {v: '\uFFFD[1]'}, 1]],
      ['s', [{t: {r: {c: 1}}}, {}, 1]],
      ['s', [{t: '\uFFFC'}, {}, 1]],
    ]);
    expect(session.getPendingCount()).toBe(3);
    await world.advance(1_000);
    expect([session.getPendingCount(), session.getState()]).toEqual([
      0,
      'synced',
    ]);
  });

  test('L4: gets pending again after a reconnect, and is loaded', async () => {
    const scripted = await startLegacy();
    const {store, socket, world} = scripted;
    store.setValue('a', 1);
    await world.advance(1_000);
    socket.close();
    store.setValue('b', 1);
    socket.take();
    socket.open();
    await world.advance(1_000);
    await answerAll(scripted, '[{},{"a":2,"c":2}]');
    const sent = socket.take();
    expect(sent[0]![0]).toBe('h');
    expect(sent.slice(1)).toEqual([['s', [{}, {b: 1}, 1]]]);
    expect(store.getValues()).toEqual({a: 2, b: 1, c: 2});
  });

  test('L4: is no room of ours that is slow: its ETag tells', async () => {
    const {store, session, socket, world, welcome, ...scripted} =
      createScriptedSession();
    session.setAutoSave(true);
    store.setValue('v', 1);
    socket.open();
    await world.advance(1_000);
    if (world.requests.length) {
      await world.takeRequest().answer(200, '', '".0"');
    }
    await world.advance(5_000);
    expect(socket.take().map(([letter]) => letter)).toEqual(['h']);
    welcome();
    expect(scripted.takePushIds()).toEqual([1]);
  });

  test('L4: is not assumed for what the room that was left answers', async () => {
    const {store, session, socket, world, ...scripted} =
      createScriptedSession();
    session.setAutoSave(true);
    socket.open();
    await world.advance(1_000);
    const request = world.takeRequest();
    socket.close();
    socket.moveTo('other');
    socket.open();
    store.setValue('v', 1);
    socket.take();
    // It had a Store, the other one may have none.
    await request.answer(200, '[{},{"old":1}]');
    expect(socket.take()).toEqual([]);
    expect(session.getPendingCount()).toBe(1);
    scripted.welcome();
    expect(scripted.takePushIds()).toEqual([1]);
  });

  test('L4: is not assumed where something else answers for it', async () => {
    const {store, session, socket, world, welcome, ...scripted} =
      createScriptedSession();
    session.setAutoSave(true);
    store.setValue('v', 1);
    socket.open();
    await world.advance(1_000);
    // A page to log in to the network, say.
    await world.takeRequest().answer(200, '<html>Welcome!</html>');
    expect(socket.take().map(([letter]) => letter)).toEqual(['h']);
    expect(session.getPendingCount()).toBe(1);
    welcome();
    expect(scripted.takePushIds()).toEqual([1]);
  });

  test('L4: is not assumed where HTTP does not answer', async () => {
    const {store, session, socket, world} = createScriptedSession();
    session.setAutoSave(true);
    store.setValue('v', 1);
    socket.open();
    for (let second = 0; second < 30; second++) {
      await world.advance(1_000);
      if (world.requests.length) {
        await world.takeRequest().fail(new TypeError('no network'));
      }
    }
    expect(socket.sent.every((frame) => frame.startsWith('h'))).toBe(true);
    expect(session.getPendingCount()).toBe(1);
  });

  test('L4: turns out to be one of ours, then gets pushes', async () => {
    const scripted = await startLegacy();
    const {store, socket, deliver, welcome} = scripted;
    socket.take();
    deliver('w', [1, '']);
    expect(socket.take().map(([letter]) => letter)).toEqual(['h']);
    welcome();
    store.setValue('v', 1);
    expect(scripted.takePushIds()).toEqual([1]);
  });

  test('sends changes, which show', async () => {
    const {store, socket, deliver} = await startLegacy('[{},{"v":1}]');
    deliver('s', [{t: {r: {c: '\uFFFD{"a":1}'}}}, {v: '\uFFFC'}, 1]);
    expect(store.getContent()).toEqual([{t: {r: {c: {a: 1}}}}, {}]);
    expect(socket.take()).toEqual([]);
  });

  test('L5: shows another change of a Cell just written, and asks', async () => {
    const scripted = await startLegacy();
    const {store, session, world, deliver} = scripted;
    store.setValue('v', 'mine');
    deliver('s', [{}, {v: 'theirs'}, 1]);
    expect(store.getValue('v')).toBe('theirs');
    await world.advance(1_000);
    expect(world.requests).toHaveLength(1);
    await world.takeRequest().answer(200, '[{},{"v":"mine"}]');
    expect(store.getValue('v')).toBe('mine');
    expect([session.getPendingCount(), session.getState()]).toEqual([
      0,
      'synced',
    ]);
  });

  test('L5: asks nothing where the write was long ago', async () => {
    const {store, world, deliver} = await startLegacy();
    store.setValue('v', 'mine');
    await world.advance(2_000);
    deliver('s', [{}, {v: 'theirs'}, 1]);
    await world.advance(10_000);
    expect(store.getValue('v')).toBe('theirs');
    expect(world.requests).toEqual([]);
  });

  test('is no place to read malformed changes from', async () => {
    const {store, deliver, socket} = await startLegacy();
    deliver('s', [{}, {v: 1}]);
    deliver('s', {v: 1});
    deliver('s', [null, {}, 1]);
    deliver('s', [{t: null}, {}, 1]);
    deliver('s', [{t: {r: null}}, {v: 1}, 1]);
    deliver('s', [{}, {v: '\uFFFD{'}, 1]);
    socket.deliver('s');
    expect(store.getValues()).toEqual({});
  });
});
