import {describe, expect, test} from 'vitest';
import {createFeedRoom} from '../support/feed-room.js';
import {settle} from '../support/scripted-world.js';

const KEEP_ALIVE_MS = 25_000;

describe('a slow reader', () => {
  const LIMIT = 10_000;
  const createScene = () => createFeedRoom({limits: {maxUnreadLength: LIMIT}});

  /** How many bytes it gets until it is cut off, or null where it is not. */
  const drain = async (response: Response): Promise<number | null> => {
    const reader = response.body!.getReader();
    let length = 0;
    try {
      for (;;) {
        const read = await Promise.race([reader.read(), settle()]);
        if (!read) {
          await reader.cancel();
          return null;
        }
        length += read.value?.length ?? 0;
      }
    } catch {
      return length;
    }
  };

  test('V7: is cut off with what it has not read, and no one else', async () => {
    const {put, open, requestFeed, push} = createScene();
    await put([{}, {v: 0}]);
    const slow = await requestFeed();
    const quick = await open();
    const late = await requestFeed();
    for (let i = 1; i <= 3; i++) {
      await push({v: `${i}`.repeat(LIMIT / 2 - 500)});
    }
    // The limit and one event more: that may be.
    expect(await drain(late)).toBe(null);
    await push({v: 4});
    expect(await drain(slow)).toBe(0);
    expect(quick.ended).toBe(undefined);
    expect(quick.take().map(({id}) => id)).toEqual(
      [1, 2, 3, 4, 5].map((offset) => `epoch1.${offset}`),
    );
  });

  test('V7: may take its time with what it is sent first', async () => {
    const {put, requestFeed, push} = createScene();
    await put([{}, {v: 'x'.repeat(10 * LIMIT)}]);
    const slow = await requestFeed();
    await push({w: 'x'.repeat(LIMIT / 2)});
    await push({w: 1});
    await push({w: 2});
    expect(await drain(slow)).toBe(null);
  });

  test('V7: has no more left to wait once it has read what it is sent first', async () => {
    const {put, requestFeed, push} = createScene();
    await put([{}, {v: 'x'.repeat(10 * LIMIT)}]);
    const reader = (await requestFeed()).body!.getReader();
    let text = '';
    while (!text.endsWith('}\n\n')) {
      text += new TextDecoder().decode((await reader.read()).value);
    }
    await push({w: 'x'.repeat(LIMIT)});
    await push({w: 1});
    await expect(reader.read()).rejects.toThrow('Too much is unread');
  });

  test('V7: is cut off where it reads nothing between two comments', async () => {
    const {room, put, open, requestFeed} = createScene();
    await put([{}, {v: 'x'.repeat(LIMIT)}]);
    const stuck = await requestFeed();
    const quick = await open();
    const slow = (await requestFeed()).body!.getReader();
    room.advance(KEEP_ALIVE_MS);
    await slow.read();
    room.advance(KEEP_ALIVE_MS);
    await settle();
    expect(await drain(stuck)).toBe(0);
    expect(quick.commentCount).toBe(2);
    expect((await slow.read()).value?.length).toBeGreaterThan(0);
    await slow.cancel();
    await quick.leave();
    expect(room.isWaiting()).toBe(false);
  });

  test.each([
    ['that it meets', ''],
    ['that it has missed', '?since=1'],
  ])('V7: may take its time with a commit %s', async (_, query) => {
    const {room, put, requestFeed, push} = createFeedRoom();
    const text = 'x'.repeat(400_000);
    await put([{}, {v: 0}]);
    const early = query ? undefined : await requestFeed();
    await push({v: text});
    const reader = (early ?? (await requestFeed(query))).body!.getReader();
    let received = '';
    // What it is given, it passes on as its line lets it, before it takes more.
    while (!received.includes(text)) {
      const {value} = await reader.read();
      received += new TextDecoder().decode(value);
      for (let sent = 0; sent < value!.length; sent += 100_000) {
        room.advance(KEEP_ALIVE_MS);
      }
    }
    await reader.cancel();
  });

  test('V7: has no limit where the room has none', async () => {
    const {put, requestFeed, push} = createFeedRoom({
      limits: {maxUnreadLength: Infinity},
    });
    await put([{}, {v: 0}]);
    const slow = await requestFeed();
    await push({v: 1});
    expect(await drain(slow)).toBe(null);
  });
});
