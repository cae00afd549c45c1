/** What a mirror makes of a room that answers otherwise than it should. */
import {setTimeout as rest} from 'node:timers/promises';
import {describe, expect, test, vi} from 'vitest';
import {parseAddress} from '../../src/mirror/room-address.js';
import {RoomHttp} from '../../src/mirror/room-http.js';

vi.mock('../../src/mirror/limits.js', async (original) => ({
  ...(await original<object>()),
  ANSWER_MS: 50,
  MAX_EVENT_UNITS: 100_000,
}));

const URL_TEXT = 'http://room.test/parties/main/my-room/store';

const createRoom = (
  answer: (url: URL, init: RequestInit) => Response | Promise<Response>,
) =>
  new RoomHttp(parseAddress(URL_TEXT), (async (url: URL, init: RequestInit) =>
    answer(url, init)) as typeof fetch);

const readAll = async (room: RoomHttp) => {
  const pages = [];
  for await (const page of room.readHistory({epoch: 'e', offset: 0})) {
    pages.push(page);
  }
  return pages;
};

/** A body that never ends; `state` says what became of it. */
const createEndless = () => {
  const state = {isCancelled: false, pieces: 0};
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      await rest(0);
      state.pieces++;
      controller.enqueue(new Uint8Array(20_000).fill(120));
    },
    cancel: () => {
      state.isCancelled = true;
    },
  });
  return {state, body};
};

describe('within a minute', () => {
  const never = new Promise<Response>(() => {});
  const silent = () => new Response(new ReadableStream());

  test.each([
    ['nothing', () => never],
    ['an error without end', () => new Response(silent().body, {status: 500})],
  ])('the feed is given up where there is %s', async (_, answer) => {
    const {signal} = new AbortController();
    await expect(
      createRoom(answer).openFeed(undefined, signal),
    ).rejects.toMatchObject({
      name: 'TimeoutError',
      message: expect.stringMatching(/has not answered within 50 ms/),
    });
  });

  test('the content, the history and a PATCH are given up', async () => {
    const room = createRoom(silent);
    await expect(room.readContent()).rejects.toThrow(/within 50 ms/);
    await expect(readAll(room)).rejects.toThrow(/within 50 ms/);
    await expect(room.patch([{}, {}, 1], 'a.1')).rejects.toThrow(
      /within 50 ms/,
    );
  });

  test('a feed that has begun is not', async () => {
    const room = createRoom((_, {signal}) => {
      let controller: ReadableStreamDefaultController;
      signal!.addEventListener('abort', () => controller.error(signal!.reason));
      return new Response(
        new ReadableStream({
          start: (given) => {
            controller = given;
          },
        }),
        {headers: {'Content-Type': 'text/event-stream'}},
      );
    });
    const {body} = await room.openFeed(undefined, new AbortController().signal);
    const reader = body!.getReader();
    const read = await Promise.race([reader.read(), rest(120, 'still open')]);
    expect(read).toBe('still open');
    await reader.cancel();
  });
});

test('2,000 requests leave nothing on the signal of who asks', async () => {
  const room = createRoom(() => new Response('', {status: 503}));
  const {signal} = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: any) => {
    listeners++;
    return (add as any)(...args);
  };
  signal.removeEventListener = (...args: any) => {
    listeners--;
    return (remove as any)(...args);
  };
  for (let i = 0; i < 2_000; i++) {
    await room.openFeed(undefined, signal).catch(() => {});
  }
  expect(listeners).toBe(0);
});

describe('no more is read than is of use', () => {
  test('of an error page', async () => {
    const {state, body} = createEndless();
    const room = createRoom(() => new Response(body, {status: 500}));
    await expect(room.readContent()).rejects.toThrow(/answers 500.*xxx/);
    expect(state.isCancelled).toBe(true);
    expect(state.pieces).toBeLessThan(20);
  });

  test('of content without end', async () => {
    const {state, body} = createEndless();
    const room = createRoom(() => new Response(body));
    await expect(room.readContent()).rejects.toThrow(/more than 100000 bytes/);
    expect(state.isCancelled).toBe(true);
  });

  test('of a page that comes when nobody waits any more', async () => {
    const {state, body} = createEndless();
    const controller = new AbortController();
    const room = createRoom(async () => {
      await rest(10);
      return new Response(body);
    });
    const read = room.readContent(controller.signal);
    controller.abort(new Error('over'));
    await expect(read).rejects.toThrow('over');
    await vi.waitFor(() => expect(state.isCancelled).toBe(true));
  });
});

describe('a history', () => {
  const lines = (commits: object[], link?: string) =>
    new Response(commits.map((one) => `${JSON.stringify(one)}\n`).join(''), {
      headers: {
        'Content-Type': 'application/x-ndjson',
        ...(link ? {Link: `<${link}>; rel="next"`} : {}),
      },
    });

  test('that goes on with nothing for ever is an error', async () => {
    await expect(
      readAll(createRoom(() => lines([], '?since=e.0'))),
    ).rejects.toThrow(/goes on after 0 with nothing/);
  });

  test('that goes on elsewhere gets no token', async () => {
    const asked: string[] = [];
    const room = createRoom((url) => {
      asked.push(url.origin);
      return lines(
        [{epoch: 'e', after: 0, offset: 1, changes: []}],
        'http://elsewhere.test/?since=e.1',
      );
    });
    await expect(readAll(room)).rejects.toThrow(/elsewhere\.test/);
    expect(asked).toEqual(['http://room.test']);
  });

  test('of a room that tells none is known for that', async () => {
    const room = createRoom(() => new Response('[{},{}]'));
    expect(room.hasNoHistory).toBe(false);
    expect(await readAll(room)).toEqual(['gone']);
    expect(room.hasNoHistory).toBe(true);
  });
});

describe('a PATCH', () => {
  const patch = (text: string, status = 200) =>
    createRoom(() => new Response(text, {status})).patch([{}, {}, 1], 'a.1');

  test('that was refused in part says so', async () => {
    expect(
      await patch(
        '{"epoch":"e","offset":3,"refused":true,"correction":[{},{},1]}',
      ),
    ).toMatchObject({
      kind: 'taken',
      position: {epoch: 'e', offset: 3},
      refused: {message: expect.stringMatching(/"refused":true/)},
    });
  });

  test.each(['<html>', 'null', '3', '{"epoch":"e"}', ''])(
    'that is answered with 200 and %j is not known to be taken',
    (text) => expect(patch(text)).rejects.toThrow(),
  );

  test('is refused by the room alone, not by who stands before it', async () => {
    await expect(patch('Forbidden', 403)).rejects.toThrow(/answers 403/);
    expect(await patch('{"title":"Refused"}', 403)).toMatchObject({
      kind: 'refused',
    });
  });
});
