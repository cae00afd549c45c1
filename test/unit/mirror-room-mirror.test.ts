/** What a mirror makes of gaps, of other histories, and of rooms with none. */
import {createMirror, type MirrorOptions} from 'tinybase-partykit/mirror';
import type {StoreUpdatedEvent} from 'tinybase-partykit/webhook';
import {describe, expect, onTestFinished, test, vi} from 'vitest';
import {createFeedRoom} from '../support/feed-room.js';
import {createMemorySink, createSinkMemory} from '../support/memory-sink.js';
import {until} from '../support/until.js';

vi.mock('../../src/mirror/limits.js', async (original) => ({
  ...(await original<object>()),
  RETRY_MS: 1,
  MAX_RETRY_MS: 4,
  DISCOVERY_MS: 50,
}));

const ROOM = 'my-room';
const URL_TEXT = 'http://room.test/parties/main/my-room/store';

const createEvent = (
  data: Partial<StoreUpdatedEvent['data']>,
): StoreUpdatedEvent => ({
  type: 'storeUpdated',
  timestamp: '2026-01-02T03:04:05.678Z',
  data: {room: ROOM, epoch: 'epoch1', fromOffset: 0, toOffset: 1, ...data},
});

const createScene = async (
  {
    historyLimit,
    ...way
  }: {
    historyLimit?: number;
    wantsEachCommit?: boolean;
    keepsContent?: boolean;
  } = {},
  options: Partial<MirrorOptions> = {room: URL_TEXT},
) => {
  const scene = createFeedRoom({historyLimit});
  await scene.put([{t: {r: {c: 0}}}, {}]);
  const requests: string[] = [];
  const state = {isFeedDown: false, cut: () => {}};
  const fetch = async (input: URL, init: RequestInit = {}) => {
    const headers = Object.fromEntries(new Headers(init.headers));
    const isFeed = headers.accept == 'text/event-stream';
    requests.push(isFeed ? 'feed' : input.search);
    if (isFeed && state.isFeedDown) {
      throw new TypeError('no feed');
    }
    const response = await scene.request(input.search, headers);
    if (!isFeed) {
      return response;
    }
    const reader = response.body!.getReader();
    const body = new ReadableStream({
      start: (controller) => {
        state.cut = () => {
          reader.cancel().catch(() => {});
          controller.close();
        };
      },
      pull: async (controller) => {
        const {done, value} = await reader.read();
        if (!done) {
          controller.enqueue(value);
        }
      },
    });
    return new Response(body, response);
  };
  const memory = createSinkMemory();
  const errors: string[] = [];
  const mirror = createMirror({
    sink: createMemorySink(memory, way),
    fetch: fetch as typeof globalThis.fetch,
    onIgnoredError: (error) => errors.push(String(error)),
    ...options,
  });
  onTestFinished(() => mirror.stop());
  return {
    ...scene,
    state,
    requests,
    memory,
    errors,
    mirror,
    untilOffset: (offset: number) =>
      until(() => memory.rows.get(ROOM)?.offset == offset),
  };
};

describe('a room that tells no history, of which each commit is wanted', () => {
  test('is followed all the same, and that is said once', async () => {
    const {mirror, push, errors, state, untilOffset, requests} =
      await createScene({historyLimit: 0, wantsEachCommit: true});
    await mirror.start();
    await untilOffset(1);
    for (let offset = 2; offset <= 8; offset += 2) {
      state.isFeedDown = true;
      state.cut();
      await push({v: offset});
      await push({v: offset + 1});
      state.isFeedDown = false;
      await untilOffset(offset + 1);
    }
    expect(errors.filter((text) => text.includes('historyLimit'))).toEqual([
      expect.stringMatching(/my-room.*tells no history.*historyLimit/),
    ]);
    expect(requests.length).toBeLessThan(100);
  });

  test('is asked once for what is gone when it is caught up with', async () => {
    const {mirror, push, requests} = await createScene({
      historyLimit: 0,
      wantsEachCommit: true,
    });
    await mirror.catchUp();
    await push({v: 1});
    requests.length = 0;
    await mirror.catchUp();
    expect(requests.filter((query) => query.includes('since'))).toHaveLength(1);
  });
});

test('catching up with a room that has no Store leaves the sink as it is', async () => {
  const memory = createSinkMemory();
  const {request} = createFeedRoom();
  const mirror = createMirror({
    sink: createMemorySink(memory),
    room: URL_TEXT,
    fetch: (async (input: URL, init: RequestInit) =>
      request(
        input.search,
        Object.fromEntries(new Headers(init.headers)),
      )) as typeof fetch,
  });
  await mirror.catchUp();
  expect(memory.rows.size).toBe(0);
  memory.rows.set(ROOM, {
    epoch: 'over',
    offset: 7,
    content: '[{},{"v":7}]',
    history: [],
  });
  await mirror.stop();
  await mirror.catchUp();
  expect(memory.rows.get(ROOM)!.offset).toBe(7);
});

describe('a webhook of another history', () => {
  const OLD = {epoch: 'over', fromOffset: 8, toOffset: 9};

  test('that comes late does not take the place of the room', async () => {
    const {mirror, memory} = await createScene();
    await mirror.catchUp();
    await mirror.onStoreUpdated(
      createEvent({...OLD, content: [{}, {isOld: true}]}),
    );
    expect(memory.rows.get(ROOM)).toMatchObject({epoch: 'epoch1', offset: 1});
    expect(memory.rows.get(ROOM)!.content).not.toContain('isOld');
  });

  test('is done with at once where a live feed is there', async () => {
    const {mirror, untilOffset, memory} = await createScene();
    await mirror.start();
    await untilOffset(1);
    await mirror.onStoreUpdated(createEvent(OLD));
    expect(memory.rows.get(ROOM)).toMatchObject({epoch: 'epoch1', offset: 1});
  });

  test('from its first content on is taken where nobody can be asked', async () => {
    const {mirror, memory} = await createScene({}, {});
    const createCommit = (offset: number) => ({
      offset,
      changes: [[{}, {offset}, 1] as any],
    });
    await mirror.onStoreUpdated(
      createEvent({epoch: 'a', toOffset: 1, changes: [createCommit(1)]}),
    );
    await mirror.onStoreUpdated(
      createEvent({
        epoch: 'b',
        toOffset: 2,
        changes: [createCommit(1), createCommit(2)],
      }),
    );
    expect(memory.rows.get(ROOM)).toMatchObject({epoch: 'b', offset: 2});
    expect(memory.rows.get(ROOM)!.content).toBe('[{},{"offset":2}]');
  });
});

describe('a webhook of a room that is followed', () => {
  const options = {getRoom: () => URL_TEXT, followDiscovered: true};

  test('brings what the feed does not, while that is down', async () => {
    const {mirror, state, push, room, memory} = await createScene({}, options);
    state.isFeedDown = true;
    await mirror.start();
    await push({v: 1});
    const {epoch, offset} = await room.getPosition();
    await mirror.onStoreUpdated(createEvent({epoch, toOffset: offset}));
    expect(memory.rows.get(ROOM)).toMatchObject({epoch, offset});
  });

  test('before start is taken as it is', async () => {
    const {mirror, memory, requests} = await createScene({}, options);
    await mirror.onStoreUpdated(createEvent({content: [{t: {r: {c: 0}}}, {}]}));
    expect(memory.rows.get(ROOM)).toMatchObject({epoch: 'epoch1', offset: 1});
    expect(requests).toEqual([]);
  });
});

test('a webhook whose changes end before it does is not taken for all of it', async () => {
  const {mirror, push, memory} = await createScene();
  await mirror.catchUp();
  await push({v: 1});
  await push({v: 2});
  await mirror.onStoreUpdated(
    createEvent({
      fromOffset: 1,
      toOffset: 3,
      changes: [{offset: 2, changes: [[{}, {v: 1}, 1]]}],
    }),
  );
  expect(memory.rows.get(ROOM)!.offset).toBe(3);
});
