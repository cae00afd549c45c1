/** A mirror that is told by webhooks alone. */
import {createMirror, type Sink} from 'tinybase-partykit/mirror';
import type {StoreUpdatedEvent} from 'tinybase-partykit/webhook';
import {describe, expect, test} from 'vitest';
import {createFeedRoom} from '../support/feed-room.js';
import {createMemorySink, createSinkMemory} from '../support/memory-sink.js';

const ROOM = 'my-room';
const URL = 'http://room.test/parties/main/my-room/store';

const createEvent = (
  data: Partial<StoreUpdatedEvent['data']>,
): StoreUpdatedEvent => ({
  type: 'storeUpdated',
  timestamp: '2026-01-02T03:04:05.678Z',
  data: {room: ROOM, epoch: 'e', fromOffset: 0, toOffset: 1, ...data},
});

const setting = (offset: number, value: number) => ({
  offset,
  changes: [[{t: {r: {c: value}}}, {}, 1] as any],
});

const createScene = (way: {wantsEachCommit?: boolean} = {}) => {
  const memory = createSinkMemory();
  const sink: Sink = createMemorySink(memory, way);
  return {
    memory,
    sink,
    getRow: () => memory.rows.get(ROOM),
    getContent: () => JSON.parse(memory.rows.get(ROOM)!.content),
    getTiles: () =>
      memory.rows.get(ROOM)!.history.map(({after, offset}) => [after, offset]),
  };
};

/** A room by HTTP; `requests` counts what it was asked for. */
const createRoom = async (options = {}) => {
  const scene = createFeedRoom(options);
  const requests: string[] = [];
  const fetch = async (input: any, init: RequestInit = {}) => {
    const {search} = new globalThis.URL(input);
    requests.push(search);
    return await scene.request(
      search,
      Object.fromEntries(new Headers(init.headers)),
    );
  };
  await scene.put([{t: {r: {c: 0}}}, {}]);
  return {...scene, requests, fetch: fetch as typeof globalThis.fetch};
};

describe('with changes', () => {
  test('D2: each commit from the first content on is written by itself', async () => {
    const {sink, getContent, getTiles, getRow} = createScene();
    const {onStoreUpdated} = createMirror({sink});
    await onStoreUpdated(
      createEvent({toOffset: 3, changes: [1, 2, 3].map((i) => setting(i, i))}),
    );
    await onStoreUpdated(
      createEvent({fromOffset: 3, toOffset: 4, changes: [setting(4, 4)]}),
    );
    expect(getContent()).toEqual([{t: {r: {c: 4}}}, {}]);
    expect(getTiles()).toEqual([
      [null, 1],
      [1, 2],
      [2, 3],
      [3, 4],
    ]);
    expect(getRow()!.history.at(-1)!.time).toBe(1767323045678);
  });

  test('D2, D9: what comes twice, or overlaps, is written once', async () => {
    const {sink, memory, getTiles} = createScene();
    const {onStoreUpdated} = createMirror({sink});
    const first = createEvent({
      toOffset: 2,
      changes: [setting(1, 1), setting(2, 2)],
    });
    await onStoreUpdated(first);
    await onStoreUpdated(first);
    expect(memory.writes).toBe(2);
    await onStoreUpdated(
      createEvent({
        fromOffset: 1,
        toOffset: 3,
        changes: [setting(2, 2), setting(3, 3)],
      }),
    );
    expect(getTiles()).toEqual([
      [null, 1],
      [1, 2],
      [2, 3],
    ]);
  });

  test('D4: two processes that are told the same at once write it once', async () => {
    const {sink, getTiles} = createScene();
    const mirrors = [createMirror({sink}), createMirror({sink})];
    for (let i = 1; i <= 5; i++) {
      const event = createEvent({
        fromOffset: i - 1,
        toOffset: i,
        changes: [setting(i, i)],
      });
      await Promise.all(
        mirrors.map(({onStoreUpdated}) => onStoreUpdated(event)),
      );
    }
    expect(getTiles().map(([, offset]) => offset)).toEqual([1, 2, 3, 4, 5]);
  });

  test('D4: a process that was asked last a while ago looks at the sink', async () => {
    const {sink, getTiles} = createScene();
    const [one, other] = [createMirror({sink}), createMirror({sink})];
    const at = (i: number) =>
      createEvent({
        fromOffset: i - 1,
        toOffset: i,
        changes: [setting(i, i)],
      });
    await one.onStoreUpdated(at(1));
    await other.onStoreUpdated(at(2));
    await other.onStoreUpdated(at(3));
    await one.onStoreUpdated(at(4));
    expect(getTiles().map(([, offset]) => offset)).toEqual([1, 2, 3, 4]);
  });

  test('D9: a gap without anybody to ask is an error that says the remedy', async () => {
    const {sink, getRow} = createScene();
    const {onStoreUpdated} = createMirror({sink});
    await expect(
      onStoreUpdated(
        createEvent({fromOffset: 3, toOffset: 4, changes: [setting(4, 4)]}),
      ),
    ).rejects.toThrow(/getRoom/);
    expect(getRow()).toBeUndefined();
  });
});

describe('with content', () => {
  test('D5: it replaces what is there', async () => {
    const {sink, getContent, getRow} = createScene();
    const {onStoreUpdated} = createMirror({sink});
    await onStoreUpdated(
      createEvent({toOffset: 3, content: [{t: {r: {c: 3}}}, {}]}),
    );
    await onStoreUpdated(
      createEvent({
        epoch: 'another',
        toOffset: 2,
        content: [{}, {v: [1]}] as any,
      }),
    );
    expect(getContent()).toEqual([{}, {v: [1]}]);
    expect(getRow()).toMatchObject({epoch: 'another', offset: 2});
  });

  test('D9: that is older than what is there is passed by', async () => {
    const {sink, memory, getRow} = createScene();
    const {onStoreUpdated} = createMirror({sink});
    await onStoreUpdated(createEvent({toOffset: 3, content: [{}, {v: 3}]}));
    await onStoreUpdated(createEvent({toOffset: 2, content: [{}, {v: 2}]}));
    expect(getRow()!.offset).toBe(3);
    expect(memory.writes).toBe(1);
  });
});

describe('with the offsets alone', () => {
  test('D2, D9: the room is asked for its content, and then for what is new', async () => {
    const {sink, getContent, getTiles} = createScene({wantsEachCommit: true});
    const room = await createRoom();
    const {onStoreUpdated} = createMirror({
      sink,
      getRoom: () => URL,
      fetch: room.fetch,
    });
    await room.push({v: 1});
    const tell = async () => {
      const {epoch, offset} = await room.room.getPosition();
      await onStoreUpdated(createEvent({epoch, toOffset: offset}));
    };
    await tell();
    await room.push({v: 2});
    await room.push({v: 3});
    await tell();
    expect(getContent()).toEqual([{t: {r: {c: 0}}}, {v: 3}]);
    expect(getTiles()).toEqual([
      [null, 2],
      [2, 3],
      [3, 4],
    ]);
    expect(room.requests.filter((query) => !query)).toHaveLength(1);
  });

  test('D6: of a room that tells no history the content is loaded', async () => {
    const {sink, getContent, getTiles} = createScene({wantsEachCommit: true});
    const room = await createRoom({historyLimit: 0});
    const mirror = createMirror({sink, room: URL, fetch: room.fetch});
    await mirror.catchUp();
    await room.push({v: 2});
    await mirror.catchUp('my-room');
    expect(getContent()).toEqual([{t: {r: {c: 0}}}, {v: 2}]);
    expect(getTiles()).toEqual([
      [null, 1],
      [null, 2],
    ]);
  });

  test('D5, D9: one of a history that is over is done with', async () => {
    const {sink, getRow} = createScene();
    const room = await createRoom();
    const {onStoreUpdated} = createMirror({
      sink,
      getRoom: () => URL,
      fetch: room.fetch,
    });
    await onStoreUpdated(createEvent({epoch: 'over', toOffset: 700}));
    expect(getRow()).toMatchObject({epoch: 'epoch1', offset: 1});
  });
});

test('a room that a webhook told of is followed from then on', async () => {
  const {sink, memory, getContent} = createScene();
  const room = await createRoom();
  const options = {
    sink,
    getRoom: () => URL,
    followDiscovered: true,
    fetch: room.fetch,
  };
  const mirror = createMirror(options);
  await mirror.start();
  expect(mirror.getStatus()).toEqual({});
  const {epoch, offset} = await room.room.getPosition();
  await mirror.onStoreUpdated(createEvent({epoch, toOffset: offset}));
  expect(memory.rows.has(ROOM)).toBe(true);
  await room.push({v: 5});
  await expect.poll(() => memory.rows.get(ROOM)!.offset).toBe(2);
  expect(mirror.getStatus()).toMatchObject({
    [ROOM]: {state: 'following', position: {epoch, offset: 2}},
  });
  await mirror.stop();

  // Another process knows it by the sink.
  const later = createMirror(options);
  await later.start();
  await room.push({v: 6});
  await expect.poll(() => memory.rows.get(ROOM)!.offset).toBe(3);
  expect(getContent()).toEqual([{t: {r: {c: 0}}}, {v: 6}]);
  await later.stop();
});

test('catchUp goes on with the others where a room fails, and says so', async () => {
  const {sink, memory} = createScene();
  const room = await createRoom();
  const urlOf = (id: string) => `http://room.test/parties/main/${id}/store`;
  const mirror = createMirror({
    sink,
    room: ['one', 'broken', 'other', 'gone'].map(urlOf),
    fetch: async (input, init) => {
      if (/broken|gone/.test(String(input))) {
        throw new TypeError('fetch failed');
      }
      return await room.fetch(input, init);
    },
  });
  const error = await mirror.catchUp().catch((thrown) => thrown);
  expect(error).toBeInstanceOf(AggregateError);
  expect(error.message).toMatch(/broken.* cannot be reached.*gone/);
  expect([...memory.rows.keys()]).toEqual(['one', 'other']);
  await expect(mirror.catchUp('broken')).rejects.toThrow(/cannot be reached/);
});

test('the status has what has failed last, until that is over', async () => {
  const {sink} = createScene();
  const room = await createRoom();
  let isDown = true;
  const mirror = createMirror({
    sink,
    room: URL,
    fetch: async (input, init) => {
      if (isDown) {
        throw new TypeError('fetch failed');
      }
      return await room.fetch(input, init);
    },
  });
  await mirror.start();
  await expect
    .poll(() => String(mirror.getStatus()[ROOM]!.error))
    .toMatch(/cannot be reached/);
  isDown = false;
  await expect
    .poll(() => mirror.getStatus()[ROOM], {timeout: 5_000})
    .toMatchObject({state: 'following', error: undefined});
  await mirror.stop();
});
