import {describe, expect, test} from 'vitest';
import type {FollowedCommit} from '../../src/server/follower.js';
import {createHeldStorage} from '../support/held-storage.js';
import {createMemoryRoom} from '../support/memory-room.js';
import {compact, createLog, appendChanges} from '../support/room-logs.js';
import {createMemoryStorage} from '../support/memory-storage.js';
import {settle} from '../support/scripted-world.js';

const BOUNDS = {maxCount: 100, maxBytes: 1_000_000};

describe('who follows a room', () => {
  test('K1: is told of each commit when it is durable, and then no more', async () => {
    const storage = createHeldStorage();
    const room = createMemoryRoom({storage});
    const told: FollowedCommit[] = [];
    let resets = 0;
    const unfollow = room.room.follow({
      onCommit: (commit) => told.push(commit),
      onReset: () => resets++,
    });
    await room.room.putContent([{}, {start: 0}], null);
    const a = room.connect('a');
    await a.greet(await room.getPosition());
    storage.hold();
    const pushed = [a.push(1, {}, {v: 1}), a.push(2, {t: {r: {c: 2}}})];
    await settle();
    await settle();
    expect(told.length).toBe(1);
    storage.release();
    await Promise.all(pushed);
    const {epoch} = await room.getPosition();
    expect(told).toEqual([
      {
        epoch,
        after: 0,
        offset: 1,
        list: [[{}, {start: 0}, 1]],
        time: 1_000_000,
      },
      {
        epoch,
        after: 1,
        offset: 3,
        list: [[{t: {r: {c: 2}}}, {v: 1}, 1]],
        time: 1_000_000,
      },
    ]);
    unfollow();
    await a.push(3, {}, {v: 3});
    expect([told.length, resets]).toEqual([2, 0]);
  });

  test('K1: is not told of a commit that could not be stored', async () => {
    const storage = createHeldStorage();
    const room = createMemoryRoom({storage});
    await room.room.putContent([{}, {start: 0}], null);
    const seen: string[] = [];
    room.room.follow({
      onCommit: ({offset}) => seen.push(`commit ${offset}`),
      onReset: () => seen.push('reset'),
    });
    const a = room.connect('a');
    await a.greet(await room.getPosition());
    storage.fail(new Error('The disk is full'));
    await a.push(1, {}, {v: 1}).catch(() => {});
    expect(seen).toEqual(['reset']);
  });

  test('K1: is waited for when the room wakes, and may write before a commit', async () => {
    const room = createMemoryRoom();
    const {storage} = room;
    await room.room.putContent([{}, {start: 0}], null);
    room.wake();
    const seen: unknown[] = [];
    let go = () => {};
    room.room.follow({
      onOpen: async (opened) => {
        seen.push(await opened);
        await new Promise<void>((resolve) => (go = resolve));
        seen.push('ready');
      },
      onStore: (position) => {
        seen.push(position);
        void storage.put({mine: 1});
      },
      onCommit: ({offset}) => seen.push(offset),
    });
    storage.takePuts();
    const applied = room.room.apply([{}, {v: 1}, 1]);
    await settle();
    const here = {epoch: 'epoch1', offset: 1};
    expect(seen).toEqual([here]);
    go();
    await applied;
    expect(seen).toEqual([here, 'ready', here, 2]);
    expect(storage.takePuts()).toEqual(['mine', '#tbpk:l:000000000002']);
    await room.room.getContent();
    expect(seen).toHaveLength(4);
  });

  test('K1: reads what is stored, with all that came before', async () => {
    const room = createMemoryRoom();
    await room.room.putContent([{}, {start: 0}], null);
    const a = room.connect('a');
    await a.greet(await room.getPosition());
    void a.push(1, {}, {v: 1});
    const [commits, offset] = await room.room.read(async (state) => [
      await state.readCommits(1, BOUNDS),
      state.offset,
    ]);
    expect(offset).toBe(2);
    expect(commits).toEqual([
      {offset: 2, list: [[{}, {v: 1}, 1]], time: 1_000_000},
    ]);
  });
});

describe('the commits in the log', () => {
  test('S4: are read from an offset on, so many or so long', async () => {
    const log = await createLog(createMemoryStorage());
    for (let i = 2; i <= 6; i++) {
      await appendChanges(log, [{}, {v: `${i}`.repeat(1_000)}], {}, 2 * i);
    }
    const read = async (after: number, bounds = {}) =>
      (await log.readCommits(after, {...BOUNDS, ...bounds}))?.map(
        ({offset}) => offset,
      );
    expect(await read(1)).toEqual([4, 6, 8, 10, 12]);
    expect(await read(4)).toEqual([6, 8, 10, 12]);
    expect(await read(5)).toEqual([6, 8, 10, 12]);
    expect(await read(12)).toEqual([]);
    expect(await read(1, {maxCount: 2})).toEqual([4, 6]);
    expect(await read(1, {maxCount: 0})).toEqual([]);
    expect(await read(1, {maxBytes: 1_500})).toEqual([4, 6]);
    expect(await read(1, {maxBytes: 1})).toEqual([4]);
    for (const unknown of [0, 13, 1.5, NaN, -1]) {
      expect(await read(unknown)).toBe(undefined);
    }
  });

  test('S3: are not read where they are gone', async () => {
    const limits = {maxCatchUpBytes: 50_000};
    const storage = createMemoryStorage();
    const log = await createLog(storage, [{}, {}], {limits});
    await appendChanges(log, [{}, {v: 'x'.repeat(100_000)}]);
    await appendChanges(log, [{}, {w: 1}]);
    expect(await log.readCommits(1, BOUNDS)).toHaveLength(2);
    await compact(log);
    expect(await log.readCommits(1, BOUNDS)).toBe(undefined);
    expect(await log.readCommits(3, BOUNDS)).toEqual([]);
  });

  test('S4: tell what the content was, up to the snapshot', async () => {
    const log = await createLog(createMemoryStorage(), [{}, {v: 1}]);
    for (let i = 2; i <= 4; i++) {
      await appendChanges(log, [{}, {v: i}], {}, 2 * i);
    }
    const contents: unknown[] = [];
    for (const offset of [0, 1, 3, 4, 6, 7, 8, 9, 1.5]) {
      contents.push((await log.readContentAt(offset))?.[1].v);
    }
    expect(contents).toEqual([
      undefined,
      1,
      1,
      2,
      3,
      3,
      4,
      undefined,
      undefined,
    ]);
    await appendChanges(log, [{}, {v: 'x'.repeat(100_000)}]);
    await compact(log);
    expect(await log.readContentAt(8)).toBe(undefined);
    expect((await log.readContentAt(9))?.[1].v).toHaveLength(100_000);
  });
});
