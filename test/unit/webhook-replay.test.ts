import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {
  createDeferred,
  createReceiver,
  expectProblem,
} from '../support/webhook-receiver.js';
import {makeBody, makeSecret} from '../support/webhook-requests.js';

const NOW_MS = 1_800_000_000_000;

beforeEach(() => {
  vi.useFakeTimers({toFake: ['Date'], now: NOW_MS});
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a webhook that comes again', () => {
  test('W6: is not handled again, though signed anew', async () => {
    const {receive, events} = createReceiver();
    expect((await receive()).status).toBe(204);
    expect((await receive()).status).toBe(204);
    vi.setSystemTime(NOW_MS + 3_600_000);
    expect((await receive()).status).toBe(204);
    expect(events.length).toBe(1);
    expect((await receive(makeBody(), {id: 'other'})).status).toBe(204);
    expect(events.length).toBe(2);
  });

  test('W6: is known by an id that was proven', async () => {
    const {receive, events} = createReceiver();
    await receive();
    const forged = await receive(makeBody(), {secret: makeSecret(2)});
    expect(forged.status).toBe(401);
    await receive(makeBody(), {id: 'new', secret: makeSecret(2)});
    expect((await receive(makeBody(), {id: 'new'})).status).toBe(204);
    expect(events.length).toBe(2);
  });

  test.each(['async', 'sync'])(
    'W7: is handled again where that has failed (%s)',
    async (kind) => {
      const failures = [new Error('secret 1'), new Error('secret 2')];
      const thrown = [...failures];
      const handled = vi.fn();
      const fail = (): void => {
        const error = thrown.shift();
        if (error) {
          throw error;
        }
        handled();
      };
      const {receive, errors} = createReceiver({
        onStoreUpdated: kind == 'sync' ? fail : async () => fail(),
      });
      while (thrown.length) {
        const text = await expectProblem(await receive(), 500, 'Not handled');
        expect(text).not.toContain('secret');
      }
      expect(errors).toEqual(failures);
      expect((await receive()).status).toBe(204);
      expect((await receive()).status).toBe(204);
      expect(handled).toHaveBeenCalledOnce();
    },
  );

  test('W7: is put off while it is being handled', async () => {
    const {promise, reject} = createDeferred();
    const onStoreUpdated = vi.fn(async () => {});
    onStoreUpdated.mockReturnValueOnce(promise);
    const {receive} = createReceiver({onStoreUpdated});
    const first = receive();
    await vi.waitFor(() => expect(onStoreUpdated).toHaveBeenCalledTimes(1));
    const second = await receive();
    expect(second.headers.get('Retry-After')).toBe('5');
    await expectProblem(second, 503, 'Being handled');
    expect((await receive(makeBody(), {id: 'other'})).status).toBe(204);
    expect(onStoreUpdated).toHaveBeenCalledTimes(2);

    reject(new Error('failed'));
    expect((await first).status).toBe(500);
    expect((await receive()).status).toBe(204);
    expect(onStoreUpdated).toHaveBeenCalledTimes(3);
  });

  test('W7: is put off for a minute at most', async () => {
    const {promise, resolve} = createDeferred();
    const next = createDeferred();
    const onStoreUpdated = vi.fn(async () => {});
    onStoreUpdated.mockReturnValueOnce(promise);
    onStoreUpdated.mockReturnValueOnce(next.promise);
    const {receive} = createReceiver({onStoreUpdated});
    const first = receive();
    await vi.waitFor(() => expect(onStoreUpdated).toHaveBeenCalledTimes(1));
    vi.setSystemTime(NOW_MS + 59_999);
    expect((await receive()).status).toBe(503);
    vi.setSystemTime(NOW_MS + 60_000);
    const second = receive();
    await vi.waitFor(() => expect(onStoreUpdated).toHaveBeenCalledTimes(2));
    expect((await receive()).status).toBe(503);
    next.resolve();
    expect((await second).status).toBe(204);
    resolve();
    expect((await first).status).toBe(204);
  });
});

describe('ids that were seen', () => {
  test('W8: may be kept elsewhere, for several processes', async () => {
    const ids = new Set<string>();
    const seen = {
      has: async (id: string) => ids.has(id),
      add: async (id: string) => ids.add(id),
    };
    const [one, other] = [createReceiver({seen}), createReceiver({seen})];
    expect((await one.receive()).status).toBe(204);
    expect((await other.receive()).status).toBe(204);
    expect([...ids]).toEqual(['id']);
    expect([one.events.length, other.events.length]).toEqual([1, 0]);
  });

  test('W8: that cannot be looked up leave a webhook unhandled', async () => {
    const error = new Error('down');
    const seen = {has: () => Promise.reject(error), add: () => {}};
    const {receive, events, errors} = createReceiver({seen});
    await expectProblem(await receive(), 500, 'Not handled');
    expect([events, errors]).toEqual([[], [error]]);
  });

  test('W8: that cannot be kept do not undo what is done', async () => {
    const error = new Error('down');
    const seen = {has: () => false, add: () => Promise.reject(error)};
    const {receive, events, errors} = createReceiver({seen});
    expect((await receive()).status).toBe(204);
    expect([events.length, errors]).toEqual([1, [error]]);
  });

  test('W7: are looked up once it is claimed', async () => {
    const {promise, resolve} = createDeferred();
    const has = vi.fn(() => promise.then(() => false));
    const {receive, events} = createReceiver({seen: {has, add: () => {}}});
    const first = receive();
    await vi.waitFor(() => expect(has).toHaveBeenCalled());
    expect((await receive()).status).toBe(503);
    resolve();
    expect((await first).status).toBe(204);
    expect(events.length).toBe(1);
  });
});
