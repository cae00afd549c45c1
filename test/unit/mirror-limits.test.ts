/** What a mirror holds, how it tries again, and how it ends. */
import {type Batch, createMirror, type Mirror} from 'tinybase-partykit/mirror';
import type {StoreUpdatedEvent} from 'tinybase-partykit/webhook';
import {describe, expect, onTestFinished, test} from 'vitest';
import {getRetryMs} from '../../src/mirror/backoff.js';
import {FeedStream} from '../../src/mirror/feed-stream.js';
import {
  MAX_AHEAD_BYTES,
  MAX_BATCH_COMMITS,
  MAX_IDLE_ROOMS,
} from '../../src/mirror/limits.js';
import {createMemorySink, createSinkMemory} from '../support/memory-sink.js';
import {settle} from '../support/scripted-world.js';
import {until} from '../support/until.js';

const URL = 'http://room.test/parties/main/my-room/store';

const setting = (offset: number) => ({
  offset,
  changes: [[{}, {v: offset}, 1] as any],
});

/** A webhook of one commit after another. */
const createEvent = (
  room: string,
  from: number,
  to: number,
): StoreUpdatedEvent => ({
  type: 'storeUpdated',
  timestamp: '2026-01-02T03:04:05.678Z',
  data: {
    room,
    epoch: 'e',
    fromOffset: from,
    toOffset: to,
    changes: Array.from({length: to - from}, (_, i) => setting(from + i + 1)),
  },
});

const encodeEvent = (name: string, data: object): Uint8Array =>
  new TextEncoder().encode(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);

const whole = (epoch: string, offset: number) => ({
  epoch,
  offset,
  content: [{}, {[epoch]: offset}],
});

const commit = (epoch: string, offset: number) => ({
  epoch,
  after: offset - 1,
  offset,
  time: 1,
  changes: [[{}, {[epoch]: offset}, 1]],
});

/** A live feed that sends what it is told to. */
const createFeed = () => {
  let controller: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start: (given) => {
      controller = given;
    },
  });
  return {
    fetch: (async () =>
      new Response(body, {
        headers: {'Content-Type': 'text/event-stream'},
      })) as unknown as typeof fetch,
    send: (name: string, data: object) =>
      controller.enqueue(encodeEvent(name, data)),
  };
};

const start = async (mirror: Mirror): Promise<void> => {
  onTestFinished(() => mirror.stop());
  await mirror.start();
};

test('D5: a new history of the room replaces all that the sink has', async () => {
  const memory = createSinkMemory();
  const {fetch, send} = createFeed();
  const sink = createMemorySink(memory, {wantsEachCommit: true});
  await start(createMirror({sink, room: URL, fetch}));
  send('content', whole('a', 7));
  send('commit', commit('a', 8));
  send('reload', whole('b', 1));
  send('commit', commit('b', 2));
  const row = await until(() => {
    const found = memory.rows.get('my-room');
    return found?.epoch == 'b' && found.offset == 2 ? found : undefined;
  });
  expect(JSON.parse(row.content)).toEqual([{}, {b: 2}]);
  expect(
    row.history.map(({epoch, after, offset}) => [epoch, after, offset]),
  ).toEqual([
    ['a', null, 7],
    ['a', 7, 8],
    ['b', null, 1],
    ['b', 1, 2],
  ]);
});

describe('what fails', () => {
  test('D7: is tried again ever later, up to a bound', () => {
    const list = Array.from({length: 9}, (_, i) =>
      getRetryMs(i + 1, () => 0.5),
    );
    expect(list).toEqual([
      ...[500, 1_000, 2_000, 4_000, 8_000, 16_000],
      ...[30_000, 30_000, 30_000],
    ]);
    expect(getRetryMs(1_000, () => 0)).toBe(15_000);
    expect(getRetryMs(1_000, () => 1)).toBe(45_000);
  });

  test('D7: a feed in which nothing comes is an end of it', async () => {
    const stream = new FeedStream(
      new Response(new ReadableStream<Uint8Array>()),
      20,
    );
    await stream.wait();
    expect(() => stream.take()).toThrow(/silent for 20 ms/);
  });

  test('D7: is told by room, and keeps no other room waiting', async () => {
    const memory = createSinkMemory();
    const {fetch, send} = createFeed();
    const errors: unknown[] = [];
    await start(
      createMirror({
        sink: createMemorySink(memory),
        room: [URL, URL.replace('my-room', 'other')],
        fetch: (input, init) => {
          if (String(input).includes('other')) {
            throw new TypeError('fetch failed');
          }
          return fetch(input, init);
        },
        onIgnoredError: (error, room) => errors.push([room, String(error)]),
      }),
    );
    send('content', whole('a', 1));
    await until(() => memory.rows.has('my-room') && errors.length > 1);
    expect(errors[0]).toEqual([
      'other',
      'Error: http://room.test/parties/main/other/store cannot be reached.',
    ]);
    expect(new Set(errors.map(String)).size).toBe(1);
  });
});

describe('what is held', () => {
  test('D8: so many commits a batch', async () => {
    const memory = createSinkMemory();
    const sink = createMemorySink(memory);
    const sizes: (number | undefined)[] = [];
    const {onStoreUpdated} = createMirror({
      sink: {
        ...sink,
        write: (batch: Batch) => {
          sizes.push(batch.commits?.length);
          return sink.write(batch);
        },
      },
    });
    await onStoreUpdated(createEvent('r', 0, 2 * MAX_BATCH_COMMITS + 2));
    expect(sizes).toEqual([undefined, MAX_BATCH_COMMITS, MAX_BATCH_COMMITS, 1]);
  });

  test('D8: so much of a feed, which is not read further', async () => {
    let sent = 0;
    const event = encodeEvent('commit', {
      ...commit('a', 1),
      changes: [[{}, {v: 'x'.repeat(1_000_000)}, 1]],
    });
    const stream = new FeedStream(
      new Response(
        new ReadableStream<Uint8Array>({
          pull: (controller) => {
            sent += event.length;
            controller.enqueue(event);
            if (sent > 3 * MAX_AHEAD_BYTES) {
              controller.close();
            }
          },
        }),
      ),
    );
    onTestFinished(() => stream.close());
    await until(() => sent > MAX_AHEAD_BYTES);
    await settle();
    // One was being read, and the next is with the stream.
    const before = sent;
    expect(before).toBeLessThanOrEqual(MAX_AHEAD_BYTES + 3 * event.length);
    await settle();
    expect(sent).toBe(before);
    expect(stream.take().length).toBeGreaterThanOrEqual(8);
    await until(() => sent > before);
  });

  test('D8: the content of so many rooms that are not followed', async () => {
    const memory = createSinkMemory();
    const sink = createMemorySink(memory);
    const reads: string[] = [];
    const {onStoreUpdated} = createMirror({
      sink: {
        ...sink,
        read: (room: string) => {
          reads.push(room);
          return sink.read(room);
        },
      },
    });
    const rooms = Array.from({length: MAX_IDLE_ROOMS + 1}, (_, i) => `r${i}`);
    for (const room of rooms) {
      await onStoreUpdated(createEvent(room, 0, 1));
    }
    reads.length = 0;
    await onStoreUpdated(createEvent(rooms.at(-1)!, 1, 2));
    expect(reads).toEqual([]);
    await onStoreUpdated(createEvent('r0', 1, 2));
    expect(reads).toEqual(['r0']);
  });
});

test('D11: a mirror that stops ends the write under way, and writes no more', async () => {
  const memory = createSinkMemory();
  const inner = createMemorySink(memory);
  let finish = () => {};
  const calls: string[] = [];
  const sink = {
    ...inner,
    write: async (batch: Batch) => {
      calls.push(`write ${batch.position.offset}`);
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      const isWritten = await inner.write(batch);
      calls.push('written');
      return isWritten;
    },
    close: async () => void calls.push('close'),
  };
  const {fetch, send} = createFeed();
  const mirror = createMirror({sink, room: URL, fetch});
  await mirror.start();
  send('content', whole('a', 1));
  await until(() => calls.length == 1);
  send('commit', commit('a', 2));
  const stopped = mirror.stop().then(() => calls.push('stopped'));
  await settle();
  expect(calls).toEqual(['write 1']);
  finish();
  await stopped;
  expect(calls).toEqual(['write 1', 'written', 'close', 'stopped']);
});
