/** How a session finds out that the room is no longer there. */
import {describe, expect, test} from 'vitest';
import {createScriptedSession} from '../support/scripted-session.js';

const HEARTBEAT_MS = 45_000;
const ANSWER_MS = 10_000;

describe('a heartbeat', () => {
  test('A1: answers a ping of the room with what it had', async () => {
    const {socket, deliver, start} = createScriptedSession();
    await start();
    deliver('i', ['token']);
    expect(socket.take()).toEqual([['o', ['token']]]);
  });

  test('A2: asks a silent room for a sign of life, again and again', async () => {
    const {socket, world, deliver, start} = createScriptedSession();
    await start();
    await world.advance(HEARTBEAT_MS - 1);
    expect(socket.take()).toEqual([]);
    for (let round = 0; round < 3; round++) {
      await world.advance(1);
      expect(socket.take()).toEqual([['i', []]]);
      deliver('o', []);
      await world.advance(HEARTBEAT_MS - 1);
      expect(socket.take()).toEqual([]);
    }
    expect(socket.reconnects).toBe(0);
  });

  test('A2: does not ask a room that speaks by itself', async () => {
    const {socket, world, commit, start} = createScriptedSession();
    await start();
    for (let offset = 2; offset < 10; offset++) {
      await world.advance(HEARTBEAT_MS - 1_000);
      commit(offset, [[{}, {v: offset}, 1]]);
    }
    expect(socket.take()).toEqual([]);
  });

  test('A2, C6: reconnects where there is no sign', async () => {
    const {socket, world, commit, start} = createScriptedSession();
    await start();
    await world.advance(HEARTBEAT_MS);
    // What was under way before says nothing about the way up.
    commit(2, [[{}, {v: 1}, 1]]);
    await world.advance(ANSWER_MS - 1);
    expect(socket.reconnects).toBe(0);
    await world.advance(1);
    expect(socket.reconnects).toBe(1);
  });

  test('A2: is still while nobody looks, and asks when somebody does', async () => {
    const {socket, world, start} = createScriptedSession();
    await start();
    world.setHidden(true);
    await world.advance(60 * 60_000);
    expect(socket.take()).toEqual([]);
    world.setHidden(false);
    expect(socket.take()).toEqual([['i', []]]);
    await world.advance(ANSWER_MS);
    expect(socket.reconnects).toBe(1);
  });

  test('A2: may be set, or off', async () => {
    const quick = createScriptedSession({config: {heartbeatMs: 2_000}});
    await quick.start();
    await quick.world.advance(2_000);
    expect(quick.socket.take()).toEqual([['i', []]]);
    const off = createScriptedSession({config: {heartbeatMs: 0}});
    await off.start();
    off.world.setHidden(true);
    off.world.setHidden(false);
    await off.world.advance(60 * 60_000);
    expect(off.socket.take()).toEqual([]);
  });

  test('A2: ends with the session, and with the connection', async () => {
    const {session, socket, world, start} = createScriptedSession();
    await start();
    socket.close();
    world.setHidden(false);
    await world.advance(HEARTBEAT_MS * 2);
    expect(socket.take()).toEqual([]);
    session.destroy();
    expect([world.getTimerCount(), world.getWakerCount()]).toEqual([0, 0]);
  });
});
