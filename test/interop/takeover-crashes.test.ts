/** A large room of TinyBase's is taken over, though the room dies on the way. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Content} from 'tinybase';
import {expect, onTestFinished, test} from 'vitest';
import {COMPACTION_DELAY_MS} from '../../src/protocol/limits.js';
import {canonicalize} from '../support/content.js';
import {expectSoon} from '../support/expect-soon.js';
import {startRoomServer} from '../support/room-server.js';
import {createTestRoom, type Half} from '../support/test-room.js';

const ROWS = 10_000;
/**
 * How long after it was asked for its content the room is killed: while it reads
 * what there is, and then from when on it deletes that. How long that takes is up
 * to the machine.
 */
const KILLED_READING_AFTER_MS = [10, 60, 150, 300, 500];
const DELETES_AFTER_MS = COMPACTION_DELAY_MS;
const STEP_MS = 15;
const STEP_GROWTH = 1.25;
const KILLS_WHILE_DELETING = 3;

const createSeed = (): Content => [
  {
    items: Object.fromEntries(
      Array.from({length: ROWS}, (_, row) => [
        `row${row}`,
        Object.fromEntries(
          Array.from({length: 10}, (_, cell) => [`c${cell}`, row + cell]),
        ),
      ]),
    ),
  },
  {version: 1},
];

test(
  'G8 S5 100,000 cells are taken over whole, whenever the room is killed',
  {timeout: 240_000},
  async () => {
    const persistDir = await mkdtemp(join(tmpdir(), 'takeover-'));
    onTestFinished(() => rm(persistDir, {recursive: true, force: true}));
    const start = async (half: Half) => {
      const main = `test/rooms/${half}.ts`;
      const server = await startRoomServer({main, persistDir});
      onTestFinished(() => server.stop());
      const place = {party: 'main', name: 'taken'};
      return {server, room: createTestRoom(server, half, place)};
    };

    const seed = createSeed();
    const legacy = await start('tinybase');
    await legacy.room.putContent(seed);
    const before = await legacy.room.getStorage();
    expect(before.size).toBe(ROWS * 10 + 2);
    await legacy.server.stop();

    const {server, room} = await start('ours');
    const kill = async (afterMs: number) => {
      const asked = room.request('/store').catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      await server.kill();
      await asked;
      await server.restart();
    };
    for (const afterMs of KILLED_READING_AFTER_MS) {
      await kill(afterMs);
    }
    const stages = {'not begun': 0, begun: 0, done: 0};
    let afterMs = DELETES_AFTER_MS;
    let stepMs = STEP_MS;
    while (stages.begun < KILLS_WHILE_DELETING && !stages.done) {
      await kill(afterMs);
      const stored = await room.getStorage();
      // It begins to delete a while after it has woken: for the next kill, anew.
      await server.restart();
      const {leftovers} = stored.get('#tbpk:head') as {leftovers?: string};
      const isBegun = stored.size < before.size;
      stages[leftovers ? (isBegun ? 'begun' : 'not begun') : 'done']++;
      if (!isBegun) {
        afterMs += stepMs;
        stepMs *= STEP_GROWTH;
      }
    }
    console.log('killed when', stages);
    expect(canonicalize(await room.getContent())).toBe(canonicalize(seed));
    await expectSoon(async () => {
      const keys = [...(await room.getStorage()).keys()];
      // Without a storage prefix a Value's key may be the app's own.
      expect(keys.filter((key) => !key.startsWith('#tbpk:'))).toEqual([
        'vversion',
      ]);
    }, 60_000);
    await server.restart();
    expect(canonicalize(await room.getContent())).toBe(canonicalize(seed));
    expect(stages.begun).toBeGreaterThan(0);
  },
);
