import {describe, expect, test, vi} from 'vitest';
import {createFeedRoom} from '../support/feed-room.js';
import {createHeldStorage} from '../support/held-storage.js';
import {createMemoryStorage} from '../support/memory-storage.js';
import {settle} from '../support/scripted-world.js';

const KEEP_ALIVE_MS = 25_000;

describe('who opens the feed', () => {
  test('V1: gets a stream that no proxy keeps back', async () => {
    const {put, requestFeed} = createFeedRoom();
    await put([{}, {v: 1}]);
    const {status, headers, body} = await requestFeed();
    expect(status).toBe(200);
    expect(Object.fromEntries(headers)).toEqual({
      'access-control-allow-origin': '*',
      'access-control-expose-headers': 'ETag',
      'cache-control': 'no-cache',
      'content-type': 'text/event-stream',
      vary: 'Accept',
      'x-accel-buffering': 'no',
    });
    const reader = body!.getReader();
    const {value} = await reader.read();
    expect(new TextDecoder().decode(value)).toBe('retry: 1000\n\n');
    await reader.cancel();
  });

  test('V1: gets it as an event stream whatever the app sends otherwise', async () => {
    const {requestFeed} = createFeedRoom(
      {},
      {'Content-Type': 'application/json', Vary: 'Origin', 'X-App': 'mine'},
    );
    const {headers, body} = await requestFeed();
    expect(headers.get('Content-Type')).toBe('text/event-stream');
    expect(headers.get('Vary')).toBe('Origin, Accept');
    expect(headers.get('X-App')).toBe('mine');
    await body!.cancel();
  });

  test.each([
    ['text/event-stream', true],
    ['TEXT/Event-Stream; charset=utf-8', true],
    ['text/html, text/event-stream;q=0.5, */*;q=0.1', true],
    ['text/event-stream, application/json', true],
    ['text/event-stream;q=0.5, application/json', false],
    ['text/event-stream;q=0', false],
    ['text/event-stream;q=none', false],
    ['text/*', false],
    ['*/*', false],
    ['application/json', false],
    ['', false],
  ])('V1: is who accepts one: %s', async (accept, isFeed) => {
    const {put, request} = createFeedRoom();
    await put([{}, {v: 1}]);
    const {headers, body} = await request('', {Accept: accept});
    expect(headers.get('Content-Type')).toBe(
      isFeed ? 'text/event-stream' : 'application/json; charset=utf-8',
    );
    expect(headers.get('Vary')).toBe('Accept');
    await body!.cancel();
  });

  test('V1: has a HEAD that opens nothing', async () => {
    const {room, put, request} = createFeedRoom();
    await put([{}, {v: 1}]);
    const response = await request('', {Accept: 'text/event-stream'}, 'HEAD');
    expect([response.status, response.body]).toEqual([200, null]);
    expect(response.headers.get('Content-Type')).toBe('text/event-stream');
    expect(room.isWaiting()).toBe(false);
  });

  test('V2: gets the content first', async () => {
    const {put, open} = createFeedRoom();
    const content = [{t: {r: {c: '\uFFFD[1]', 'a\nb': 'x\r\ny'}}}, {v: 'é'}];
    await put(structuredClone(content));
    const {events, retryMs} = await open();
    expect(retryMs).toBe(1_000);
    expect(events).toEqual([
      {
        name: 'content',
        id: 'epoch1.1',
        data: {epoch: 'epoch1', offset: 1, content},
      },
    ]);
  });

  test('V2: waits for the content of a room that has no Store', async () => {
    const {put, open, push} = createFeedRoom();
    const [a, b] = [await open(), await open('?since=5')];
    expect([a.take(), b.take()]).toEqual([[], []]);
    await put([{t: {r: {c: 1}}}, {v: 1}]);
    await settle();
    const event = {
      name: 'content',
      id: 'epoch1.1',
      data: {epoch: 'epoch1', offset: 1, content: [{t: {r: {c: 1}}}, {v: 1}]},
    };
    expect([a.take(), b.take()]).toEqual([[event], [event]]);
    await push({v: 2});
    expect(a.take()).toMatchObject([{name: 'commit', id: 'epoch1.2'}]);
  });

  test('V2: sees the first content of a push, and an empty one', async () => {
    const pushed = createFeedRoom();
    const a = await pushed.open();
    await pushed.push({v: 1}, {t: {r: {c: 1}}});
    expect(a.take()).toMatchObject([
      {name: 'content', data: {content: [{t: {r: {c: 1}}}, {v: 1}]}},
    ]);
    const empty = createFeedRoom();
    const b = await empty.open();
    await empty.put([{}, {}]);
    await settle();
    expect(b.take()).toMatchObject([
      {name: 'content', data: {content: [{}, {}]}},
    ]);
  });
});

describe('a reader', () => {
  test('V3: is told of each commit when it is durable', async () => {
    const storage = createHeldStorage();
    const {room, put, open, push} = createFeedRoom({storage});
    await put([{}, {v: 0}]);
    await push({v: 1});
    const stream = await open();
    stream.take();
    storage.hold();
    const pushed = push({v: 2}, {t: {r: {c: '\uFFFC'}}});
    await settle();
    await settle();
    expect(storage.getHeldCount()).toBeGreaterThan(0);
    expect(stream.take()).toEqual([]);
    storage.release();
    await pushed;
    expect(stream.take()).toEqual([
      {
        name: 'commit',
        id: 'epoch1.3',
        data: {
          epoch: 'epoch1',
          after: 2,
          offset: 3,
          time: 1_000_000,
          changes: [[{t: {r: {c: '\uFFFC'}}}, {v: 2}, 1]],
        },
      },
    ]);
    expect((await room.getPosition()).offset).toBe(3);
  });

  test('V3: misses none of those that meet it, and sees none twice', async () => {
    const {room, put, requestFeed, push} = createFeedRoom();
    await put([{}, {v: 0}]);
    await push({v: 1});
    const writer = room.connect('other');
    await writer.greet(await room.getPosition());
    const opened: Promise<Response>[] = [];
    const pushed: Promise<void>[] = [];
    for (let i = 1; i <= 20; i++) {
      pushed.push(writer.push(i, {}, {v: i}));
      opened.push(requestFeed(i % 2 ? '' : '?since=1'));
      if (i % 3 == 0) {
        await settle();
      }
    }
    await Promise.all(pushed);
    const {offset} = await room.getPosition();
    for (const response of await Promise.all(opened)) {
      const reader = response.body!.getReader();
      let text = '';
      while (!text.includes(`"offset":${offset}`)) {
        const {value} = await reader.read();
        text += new TextDecoder().decode(value);
      }
      await reader.cancel();
      const offsets = [...text.matchAll(/"offset":(\d+)/g)].map(([, n]) => +n!);
      const afters = [...text.matchAll(/"after":(\d+)/g)].map(([, n]) => +n!);
      // Who has come with a place is told what was after that.
      const began = text.includes('event: content') ? [] : [1];
      expect(afters).toEqual([...began, ...offsets].slice(0, -1));
    }
  });

  test('V3: is told of commits in a room of TinyBase’s from offset 0 on', async () => {
    const storage = createMemoryStorage([
      ['hasStore', 1],
      ['vv', 1],
    ]);
    const {open, push} = createFeedRoom({storage});
    const stream = await open();
    await push({w: 2});
    expect(stream.take()).toMatchObject([
      {name: 'content', id: 'epoch1.0', data: {content: [{}, {v: 1}]}},
      {name: 'commit', id: 'epoch1.1', data: {changes: [[{}, {w: 2}, 1]]}},
    ]);
    const resumed = await open('', {'Last-Event-ID': 'epoch1.0'});
    expect(resumed.take()).toMatchObject([{name: 'commit', id: 'epoch1.1'}]);
  });

  test('V3: is told that the offset has moved where something was refused', async () => {
    const {put, open, push} = createFeedRoom({
      hooks: {canSetValue: (valueId) => valueId != 'refused'},
    });
    await put([{}, {v: 1}]);
    const stream = await open();
    stream.take();
    await push({refused: 1});
    await push({v: 2});
    expect(stream.take()).toMatchObject([
      {data: {after: 1, offset: 2, changes: []}},
      {data: {after: 2, offset: 3, changes: [[{}, {v: 2}, 1]]}},
    ]);
  });

  test('V6: is sent a comment now and then, until the last has left', async () => {
    const {room, put, open, push} = createFeedRoom();
    const follow = vi.spyOn(room.room, 'follow');
    await put([{}, {v: 1}]);
    expect(room.isWaiting()).toBe(false);
    const [a, b] = [await open(), await open()];
    expect(follow).toHaveBeenCalledTimes(1);
    for (let count = 1; count <= 3; count++) {
      room.advance(KEEP_ALIVE_MS);
      await settle();
      expect([a.commentCount, b.commentCount]).toEqual([count, count]);
    }
    await a.leave();
    expect(room.isWaiting()).toBe(true);
    await b.leave();
    expect(room.isWaiting()).toBe(false);
    await push({v: 2});
    const c = await open();
    expect(c.take()).toMatchObject([{name: 'content', id: 'epoch1.2'}]);
    expect(follow).toHaveBeenCalledTimes(2);
    await push({v: 3});
    expect(c.take()).toMatchObject([{name: 'commit', id: 'epoch1.3'}]);
  });

  test('V8: is sent away where storing fails, and comes back', async () => {
    const storage = createHeldStorage();
    const {room, put, open, push} = createFeedRoom({storage});
    await put([{}, {v: 1}]);
    const stream = await open();
    await push({v: 2});
    storage.fail(new Error('The disk is full'));
    await push({v: 3}).catch(() => {});
    await stream.end;
    expect(stream.ended).toBe('closed');
    expect(stream.take().at(-1)).toMatchObject({id: 'epoch1.2'});
    expect(room.isWaiting()).toBe(false);
    await room.room.apply([{}, {v: 4}, 1]);
    const resumed = await open('', {'Last-Event-ID': 'epoch1.2'});
    expect(resumed.take()).toMatchObject([
      {name: 'commit', id: 'epoch1.3', data: {changes: [[{}, {v: 4}, 1]]}},
    ]);
  });
});

describe('a room without a feed', () => {
  test('V9: has none for who takes nothing else', async () => {
    const {put, requestFeed} = createFeedRoom({hasFeed: false});
    await put([{}, {v: 1}]);
    const response = await requestFeed();
    expect(response.status).toBe(406);
    expect(response.headers.get('Content-Type')).toBe(
      'application/problem+json',
    );
    expect(response.headers.get('Vary')).toBe('Accept');
    expect(await response.json()).toMatchObject({status: 406});
  });

  test.each([
    'text/event-stream, */*;q=0.1',
    'text/event-stream, application/*',
  ])('V9: gives others the content: %s', async (accept) => {
    const {put, request} = createFeedRoom({hasFeed: false});
    await put([{}, {v: 1}]);
    const response = await request('', {Accept: accept});
    expect(await response.json()).toEqual([{}, {v: 1}]);
  });
});
