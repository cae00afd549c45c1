/** How a mirror comes back to a room whose streams end. */
import {describe, expect, onTestFinished, test, vi} from 'vitest';
import {followRoom} from '../../src/mirror/follow-room.js';
import {parseAddress} from '../../src/mirror/room-address.js';
import {RoomHttp} from '../../src/mirror/room-http.js';
import {OutOfStepError} from '../../src/mirror/room-sink.js';
import {until} from '../support/until.js';

vi.mock('../../src/mirror/limits.js', async (original) => ({
  ...(await original<object>()),
  RETRY_MS: 2,
  MAX_RETRY_MS: 100_000,
}));

const COMMIT =
  'event: commit\ndata: {"epoch":"e","after":1,"offset":2,"changes":[]}\n\n';

type Stream = {
  text?: string;
  end?: 'error' | 'close';
  /** When it ends. */
  afterMs?: number;
};

/** Follows a room whose streams are these, one after the other, the last again. */
const follow = (
  streams: Stream[],
  take: () => Promise<void> = async () => {},
) => {
  const stopping = new AbortController();
  const errors: unknown[] = [];
  const scene = {attempts: 0, cancelled: 0, errors};
  const open = async () => {
    const {text, end, afterMs} =
      streams[Math.min(scene.attempts, streams.length - 1)]!;
    scene.attempts++;
    const body = new ReadableStream({
      start: (controller) => {
        if (text) {
          controller.enqueue(new TextEncoder().encode(text));
        }
        setTimeout(() => {
          try {
            if (end == 'error') {
              controller.error(new Error('cut'));
            } else if (end == 'close') {
              controller.close();
            }
          } catch {
            // It was cancelled.
          }
        }, afterMs ?? 1);
      },
      cancel: () => {
        scene.cancelled++;
        // Some do not come to an end.
        return new Promise<void>(() => {});
      },
    });
    return new Response(body, {headers: {'Content-Type': 'text/event-stream'}});
  };
  const http = new RoomHttp(parseAddress('http://room.test/party/r'), open);
  const followed = followRoom({
    mirror: {getStart: async () => undefined, take},
    http,
    throttleMs: 0,
    signal: stopping.signal,
    onState: () => {},
    onError: (error) => errors.push(error),
  });
  const stop = async () => {
    stopping.abort();
    await followed;
  };
  onTestFinished(stop);
  return {scene, stop};
};

describe('it comes back', () => {
  test.each(['error', 'close'] as const)(
    'soon where something came before the %s, however often',
    async (end) => {
      const {scene} = follow([{text: COMMIT, end}]);
      await until(() => scene.attempts >= 25, {timeoutMs: 2_000});
    },
  );

  test('D7: later and later where nothing came', async () => {
    const {scene} = follow([{end: 'close'}]);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(scene.attempts).toBeGreaterThan(3);
    expect(scene.attempts).toBeLessThan(14);
  });

  test('and is told of two mirrors that undo what each other writes', async () => {
    const {scene} = follow([{text: COMMIT, end: 'close'}], async () => {
      throw new OutOfStepError('The sink is at another history.');
    });
    await until(() => scene.errors.length > 0);
    expect(scene.attempts).toBeGreaterThan(1);
  });
});

test('what others have written meanwhile is no error that is told', async () => {
  let takes = 0;
  const {scene} = follow([{text: COMMIT, end: 'close'}], async () => {
    takes++;
    if (takes == 2) {
      throw new OutOfStepError('Somebody else has written.');
    }
  });
  await until(() => takes > 3);
  expect(scene.errors).toEqual([]);
});

test('a stream whose end does not come holds nobody up', async () => {
  const {scene, stop} = follow([{text: COMMIT}], async () => {
    throw new Error('The sink is down.');
  });
  await until(() => scene.attempts > 2);
  expect(scene.cancelled).toBeGreaterThan(1);
  await stop();
});

test.each([
  ['content', 'null'],
  ['content', '{"epoch":"e","offset":1}'],
  ['reload', '[]'],
  ['commit', 'null'],
  ['commit', '{"epoch":"e","after":2,"offset":1,"changes":[]}'],
  ['commit', '{'],
])('a malformed event %s %s is told as that', async (name, data) => {
  const {scene} = follow([{text: `event: ${name}\ndata: ${data}\n\n`}]);
  await until(() => scene.errors.length > 0);
  expect(String(scene.errors[0])).toContain(
    `The room has sent a malformed event "${name}"`,
  );
});
