/** Which rooms are told of edits first, and how often the sink is asked. */
import {expect, onTestFinished, test, vi} from 'vitest';
import {pollEdits} from '../../src/mirror/poll-edits.js';
import {until} from '../support/until.js';

vi.mock('../../src/mirror/limits.js', async (original) => ({
  ...(await original<object>()),
  RETRY_MS: 4,
  MAX_RETRY_MS: 30,
  MAX_PUSHES: 2,
}));

const poll = (given: {
  listEdited: () => Promise<string[]>;
  push?: (room: string) => Promise<void>;
  onError?: (error: unknown, room?: string) => void;
}) => {
  const stopping = new AbortController();
  const polled = pollEdits({
    push: async () => {},
    onError: () => {},
    ...given,
    pollMs: 1,
    signal: stopping.signal,
  });
  onTestFinished(async () => {
    stopping.abort();
    await polled;
  });
};

test('rooms that hang keep no other from being told', async () => {
  const dead = Array.from({length: 40}, (_, i) => `dead${i}`);
  const edited = new Set([...dead, 'alive']);
  poll({
    listEdited: async () => [...edited],
    push: async (room) => {
      if (room == 'alive') {
        edited.delete(room);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
      throw new Error('no answer');
    },
  });
  await until(() => !edited.has('alive'));
  // And again, after all others have failed.
  await new Promise((resolve) => setTimeout(resolve, 250));
  edited.add('alive');
  await until(() => !edited.has('alive'), {timeoutMs: 100});
});

test('a sink that cannot be asked is asked less and less', async () => {
  let asked = 0;
  let errors = 0;
  poll({
    listEdited: async () => {
      asked++;
      throw new Error('down');
    },
    onError: () => errors++,
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(asked).toBeGreaterThan(3);
  expect(asked).toBeLessThan(30);
  expect(errors).toBe(asked);
});

test('a room is told by one at a time, and no more than so many at once', async () => {
  const running = new Map<string, number>();
  let most = 0;
  let done = 0;
  poll({
    listEdited: async () => ['a', 'b', 'c', 'd'],
    push: async (room) => {
      running.set(room, (running.get(room) ?? 0) + 1);
      expect(running.get(room)).toBe(1);
      most = Math.max(most, running.size);
      await new Promise((resolve) => setTimeout(resolve, 3));
      running.delete(room);
      done++;
    },
  });
  await until(() => done > 20);
  expect(most).toBe(2);
});
