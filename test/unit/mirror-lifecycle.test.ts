/** Starting, stopping, and what the app is told meanwhile. */
import {
  createMirror,
  type MirrorOptions,
  type Sink,
} from 'tinybase-partykit/mirror';
import type {StoreUpdatedEvent} from 'tinybase-partykit/webhook';
import {describe, expect, onTestFinished, test} from 'vitest';
import {createMemorySink, createSinkMemory} from '../support/memory-sink.js';
import {until} from '../support/until.js';

const getUrl = (id: string) => `http://room.test/parties/main/${id}/store`;

const createEvent = (offset: number, room = 'my-room'): StoreUpdatedEvent => ({
  type: 'storeUpdated',
  timestamp: '2026-01-02T03:04:05.678Z',
  data: {
    room,
    epoch: 'e',
    fromOffset: offset - 1,
    toOffset: offset,
    changes: [{offset, changes: [[{}, {offset}, 1]]}],
  },
});

/** Rooms by HTTP, each with the same content, whose feeds stay open. */
const fetch = (async (input: URL, {headers, signal}: RequestInit) => {
  if (new Headers(headers).get('Accept') != 'text/event-stream') {
    return input.searchParams.has('since')
      ? new Response('', {headers: {'Content-Type': 'application/x-ndjson'}})
      : new Response('[{},{"v":1}]', {headers: {ETag: '"e.1"'}});
  }
  const data = '{"epoch":"e","offset":1,"content":[{},{"v":1}]}';
  return new Response(
    new ReadableStream({
      start: (controller) => {
        controller.enqueue(
          new TextEncoder().encode(`event: content\ndata: ${data}\n\n`),
        );
        signal?.addEventListener('abort', () =>
          controller.error(signal.reason),
        );
      },
    }),
    {headers: {'Content-Type': 'text/event-stream'}},
  );
}) as typeof globalThis.fetch;

/** A sink whose calls are noted, and held back where `gate` says so. */
const createScene = (options: Partial<MirrorOptions> = {}) => {
  const memory = createSinkMemory();
  const calls: string[] = [];
  const held: {[name: string]: Promise<void> | undefined} = {};
  const inner = createMemorySink(memory);
  const note =
    (name: keyof Sink) =>
    async (...args: any[]) => {
      calls.push(name);
      await held[name];
      calls.push(`${name} done`);
      return await (inner as any)[name]?.(...args);
    };
  const sink: Sink = {
    ...inner,
    open: note('open'),
    read: note('read'),
    write: note('write'),
    listRooms: note('listRooms'),
    close: note('close'),
  };
  const errors: string[] = [];
  const mirror = createMirror({
    sink,
    fetch,
    onIgnoredError: (error) => errors.push(String(error)),
    ...options,
  });
  onTestFinished(() => mirror.stop());
  return {
    mirror,
    memory,
    calls,
    errors,
    hold: (name: keyof Sink): (() => void) => {
      let release!: () => void;
      held[name] = new Promise((resolve) => {
        release = resolve;
      });
      return () => {
        held[name] = undefined;
        release();
      };
    },
  };
};

describe('stop', () => {
  test('D11: waits for a webhook that is being written, and closes the sink then', async () => {
    const {mirror, calls, hold} = createScene();
    const release = hold('write');
    const received = mirror.onStoreUpdated(createEvent(1));
    await until(() => calls.includes('write'));
    const stopped = mirror.stop();
    await Promise.race([stopped, new Promise((go) => setTimeout(go, 20))]);
    expect(calls).not.toContain('close');
    release();
    await Promise.all([received, stopped]);
    expect(calls.at(-2)).toBe('close');
  });

  test('waits for what catches up, and cuts it short', async () => {
    const rooms = Array.from({length: 50}, (_, i) => getUrl(`r${i}`));
    const {mirror, calls, hold} = createScene({room: rooms});
    const release = hold('write');
    const caughtUp = mirror.catchUp();
    caughtUp.catch(() => {});
    await until(() => calls.includes('write'));
    const stopped = mirror.stop();
    release();
    await expect(caughtUp).rejects.toThrow();
    await stopped;
    expect(calls.at(-1)).toBe('close done');
    expect(calls.filter((name) => name == 'write').length).toBeLessThan(5);
  });

  test('twice at once closes once', async () => {
    const {mirror, calls} = createScene({room: getUrl('r')});
    await mirror.start();
    await Promise.all([mirror.stop(), mirror.stop()]);
    await mirror.stop();
    expect(calls.filter((name) => name == 'close')).toHaveLength(1);
  });

  test('during start leaves nothing behind', async () => {
    const {mirror, calls, hold} = createScene({
      room: getUrl('r'),
      getRoom: getUrl,
      followDiscovered: true,
    });
    const release = hold('listRooms');
    const started = mirror.start();
    await until(() => calls.includes('listRooms'));
    const stopped = mirror.stop();
    release();
    await Promise.all([started, stopped]);
    expect(calls.at(-1)).toBe('close done');
    expect(mirror.getStatus()).toEqual({});
  });

  test('does not wait for a room that says nothing, or for its headers', async () => {
    const never = new Promise<never>(() => {});
    for (const options of [
      {fetch: () => never},
      {headers: () => never},
    ] as Partial<MirrorOptions>[]) {
      const {mirror} = createScene({room: getUrl('r'), ...options});
      await mirror.start();
      await new Promise((resolve) => setTimeout(resolve, 5));
      await mirror.stop();
    }
  });

  test('D11: lets webhooks that come later be sent again', async () => {
    const {mirror, calls} = createScene();
    await mirror.onStoreUpdated(createEvent(1));
    await mirror.stop();
    await expect(mirror.onStoreUpdated(createEvent(2))).rejects.toThrow(
      /stopped/,
    );
    expect(calls.at(-1)).toBe('close done');
    await mirror.start();
    await mirror.onStoreUpdated(createEvent(2));
  });
});

describe('start', () => {
  test('while it is stopping starts when that is over', async () => {
    const {mirror, memory, calls, hold} = createScene({room: getUrl('r')});
    await mirror.start();
    await until(() => memory.rows.has('r'));
    const release = hold('close');
    const stopped = mirror.stop();
    await until(() => calls.at(-1) == 'close');
    const started = mirror.start();
    release();
    await Promise.all([stopped, started]);
    await until(() => mirror.getStatus().r?.state == 'following');
  });

  test('twice at once is one start, which both wait for', async () => {
    const {mirror, calls, hold} = createScene({room: getUrl('r')});
    const release = hold('open');
    let isStarted = false;
    const starts = [mirror.start(), mirror.start()];
    void starts[1]!.then(() => {
      isStarted = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(isStarted).toBe(false);
    release();
    await Promise.all(starts);
    expect(calls.filter((name) => name == 'open')).toHaveLength(1);
  });

  test('follows all others where it is not said where one is', async () => {
    const {mirror, memory, errors} = createScene({
      getRoom: (id) => {
        if (id == 'b') {
          throw new Error('no such room');
        }
        return getUrl(id);
      },
      followDiscovered: true,
    });
    for (const id of ['a', 'b', 'c']) {
      memory.rows.set(id, {epoch: 'old', offset: 1, content: '', history: []});
      memory.rows.get(id)!.content = '[{},{}]';
    }
    await mirror.start();
    await until(() =>
      ['a', 'c'].every((id) => memory.rows.get(id)?.epoch == 'e'),
    );
    expect(errors.join()).toMatch(/no such room/);
    await mirror.stop();
  });
});

describe('what the app throws', () => {
  const rejections: unknown[] = [];
  const note = (error: unknown) => rejections.push(error);

  test.each([
    [
      'throws',
      () => {
        throw new Error('app');
      },
    ],
    ['rejects', () => Promise.reject(new Error('app'))],
  ])(
    'onIgnoredError and onWritten that %s stop nothing',
    async (_, fail: any) => {
      process.on('unhandledRejection', note);
      onTestFinished(() => void process.off('unhandledRejection', note));
      let isDown = true;
      const {mirror, memory} = createScene({
        room: getUrl('r'),
        onIgnoredError: fail,
        onWritten: fail,
        fetch: (input, init) =>
          isDown ? Promise.reject(new TypeError('down')) : fetch(input, init),
      });
      await mirror.start();
      await until(() => mirror.getStatus().r?.state == 'waiting');
      isDown = false;
      await until(() => memory.rows.has('r'));
      expect(memory.writes).toBe(1);
      await mirror.stop();
      expect(rejections).toEqual([]);
    },
  );
});
