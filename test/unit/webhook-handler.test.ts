import fc from 'fast-check';
import {
  afterEach,
  beforeEach,
  describe,
  expect,
  expectTypeOf,
  test,
  vi,
} from 'vitest';
import {
  createWebhookHandler,
  type StoreUpdatedEvent,
} from '../../src/webhook/index.js';
import {
  createDeferred,
  createReceiver,
  expectProblem,
} from '../support/webhook-receiver.js';
import {
  createWebhookRequest,
  makeBody,
  makeSecret,
  signHeaders,
  SECRET,
} from '../support/webhook-requests.js';

const NOW_MS = 1_800_000_000_000;

beforeEach(() => {
  vi.useFakeTimers({toFake: ['Date'], now: NOW_MS});
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a webhook', () => {
  test('W5: is handled, and answered when that is done', async () => {
    const {promise, resolve} = createDeferred();
    const onStoreUpdated = vi.fn(() => promise);
    const {receive} = createReceiver({onStoreUpdated});
    const answer = receive(makeBody({content: [{}, {v: '\uFFFD[1]'}]}));
    await vi.waitFor(() => expect(onStoreUpdated).toHaveBeenCalled());
    let isAnswered = false;
    void answer.then(() => (isAnswered = true));
    await new Promise(setImmediate);
    expect(isAnswered).toBe(false);
    resolve();
    const response = await answer;
    expect([response.status, await response.text()]).toEqual([204, '']);
    expect(onStoreUpdated).toHaveBeenCalledExactlyOnceWith({
      type: 'storeUpdated',
      timestamp: '2026-01-02T03:04:05.678Z',
      data: {
        room: 'room',
        epoch: 'epoch',
        fromOffset: 2,
        toOffset: 5,
        content: [{}, {v: [1]}],
      },
    });
  });

  test('W5: has a type that is inferred', () => {
    createWebhookHandler({
      secret: [SECRET],
      onStoreUpdated: (event) => {
        expectTypeOf(event).toEqualTypeOf<StoreUpdatedEvent>();
        expectTypeOf(event.type).toEqualTypeOf<'storeUpdated'>();
      },
    });
  });

  test.each(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])(
    'W5: is no %s',
    async (method) => {
      const {handle, events} = createReceiver();
      const response = await handle(
        new Request('https://example.com', {method}),
      );
      expect(response.headers.get('Allow')).toBe('POST');
      await expectProblem(response, 405, 'Method not allowed');
      expect(events).toEqual([]);
    },
  );

  test('W1: needs a secret that is one', () => {
    expect(() => createReceiver({secret: 'secret'})).toThrow('malformed');
    expect(() => createReceiver({secret: undefined})).toThrow('missing');
    expect(() => createReceiver({secret: []})).toThrow('Give 1 to 10');
  });

  test('W3: may be signed with any of the secrets', async () => {
    const secret = [makeSecret(2), SECRET];
    const {receive} = createReceiver({secret});
    expect((await receive()).status).toBe(204);
    const response = await receive(makeBody(), {secret: makeSecret(3)});
    await expectProblem(response, 401, 'Signature wrong');
  });

  test('W3: is refused where its body is another by one byte', async () => {
    const body = makeBody();
    const headers = signHeaders(body);
    const {handle, events} = createReceiver();
    await fc.assert(
      fc.asyncProperty(
        fc.nat({max: body.length - 1}),
        fc.integer({min: 1, max: 255}),
        async (index, flip) => {
          const bytes = Buffer.from(body);
          bytes[index]! ^= flip;
          const response = await handle(
            new Request('https://example.com', {
              method: 'POST',
              headers,
              body: bytes,
            }),
          );
          await expectProblem(response, 401, 'Signature wrong');
        },
      ),
    );
    expect(events).toEqual([]);
  });

  test.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])(
    'W3: is refused without the header %s',
    async (name) => {
      const {handle, events} = createReceiver();
      const request = createWebhookRequest();
      request.headers.delete(name);
      await expectProblem(await handle(request), 400, 'Header missing');
      expect(events).toEqual([]);
    },
  );

  test('W3: is refused with a timestamp that is none', async () => {
    const {handle} = createReceiver();
    const request = createWebhookRequest();
    request.headers.set('webhook-timestamp', 'now');
    await expectProblem(await handle(request), 400, 'Header malformed');
  });

  test.each([
    [undefined, 300],
    [10, 10],
  ])(
    'W4: with a tolerance of %j is off by %i s at most',
    async (given, most) => {
      const {receive} = createReceiver({toleranceSeconds: given});
      const receiveAt = (seconds: number) =>
        receive(makeBody(), {id: `${seconds}`, atMs: NOW_MS + seconds * 1000});
      expect((await receiveAt(-most)).status).toBe(204);
      expect((await receiveAt(most)).status).toBe(204);
      await expectProblem(await receiveAt(-most - 1), 401, 'Timestamp too old');
      await expectProblem(await receiveAt(most + 1), 401, 'Timestamp too new');
    },
  );

  test.each([
    ['no JSON', '{'],
    ['nothing', ''],
    ['no event', '{}'],
    ['wrong types', makeBody({room: 1})],
    ['malformed changes', makeBody({changes: [{offset: 3, changes: [1]}]})],
  ])('E3: is refused where it has %s', async (_, body) => {
    const {receive, events} = createReceiver();
    await expectProblem(await receive(body), 400, 'Body malformed');
    expect(events).toEqual([]);
  });

  test('E3: of a type yet unknown is passed by', async () => {
    const {receive, events} = createReceiver();
    expect((await receive('{"type":"storeDeleted"}')).status).toBe(204);
    expect(events).toEqual([]);
  });

  test('W9: is refused past the bound, and not read on', async () => {
    const {handle, events} = createReceiver({maxBodyBytes: 10_000});
    let sent = 0;
    let isCancelled = false;
    const init = {
      method: 'POST',
      headers: signHeaders(''),
      body: new ReadableStream({
        pull: (controller) => {
          sent += 1000;
          controller.enqueue(new Uint8Array(1000));
        },
        cancel: () => void (isCancelled = true),
      }),
      duplex: 'half',
    };
    const response = await handle(new Request('https://example.com', init));
    await expectProblem(response, 413, 'Body too large');
    expect([isCancelled, sent <= 13_000]).toEqual([true, true]);
    expect(events).toEqual([]);
  });

  test('W9: is read whole up to the bound, in any pieces', async () => {
    const body = makeBody({room: 'é'.repeat(1000)});
    const bytes = Buffer.from(body);
    const {handle} = createReceiver({maxBodyBytes: bytes.length});
    const receive = (size: number, more = '') => {
      const all = Buffer.concat([bytes, Buffer.from(more)]);
      const pieces = Array.from({length: all.length / size + 1}, (_, index) =>
        all.subarray(index * size, (index + 1) * size),
      );
      const init = {
        method: 'POST',
        headers: signHeaders(body + more, {id: `${size}`}),
        body: new ReadableStream({
          pull: (controller) => {
            const piece = pieces.shift();
            piece ? controller.enqueue(piece) : controller.close();
          },
        }),
        duplex: 'half',
      };
      return handle(new Request('https://example.com', init));
    };
    for (const size of [1, 7, 1000, bytes.length]) {
      expect((await receive(size)).status).toBe(204);
      await expectProblem(await receive(size, ' '), 413, 'Body too large');
    }
  });

  test('W9: has 4,000,000 bytes by default, and none for no number', async () => {
    const receive = async (length: number, maxBodyBytes?: number) => {
      const {receive} = createReceiver({maxBodyBytes});
      return (await receive('x'.repeat(length))).status;
    };
    expect(await receive(4_000_000)).toBe(400);
    expect(await receive(4_000_001)).toBe(413);
    expect(await receive(1, NaN)).toBe(413);
  });

  test('W5: that was read before is an error that says so', async () => {
    const {handle, errors} = createReceiver();
    const request = createWebhookRequest();
    await request.json();
    await expectProblem(await handle(request), 500, 'Not handled');
    expect(String(errors)).toContain('before any body parser');
  });
});
