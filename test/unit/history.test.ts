import {describe, expect, test} from 'vitest';
import {getHistoryLimit} from '../../src/protocol/limits.js';
import {createFeedRoom} from '../support/feed-room.js';
import {createMemoryStorage} from '../support/memory-storage.js';
import {compact, createLog, appendChanges} from '../support/room-logs.js';

/** A room with commits at 2 to `count + 1`. */
const createRoom = async (count = 3, appHeaders?: HeadersInit) => {
  const scene = createFeedRoom({}, appHeaders);
  await scene.put([{}, {v: 0}]);
  for (let i = 1; i <= count; i++) {
    await scene.push({v: i});
  }
  return scene;
};

const getCommit = (offset: number) => ({
  epoch: 'epoch1',
  after: offset - 1,
  offset,
  time: 1_000_000,
  changes: [[{}, {v: offset - 1}, 1]],
});

const expectProblem = async (
  response: Response,
  status: number,
): Promise<void> => {
  expect(response.status).toBe(status);
  expect(response.headers.get('Content-Type')).toBe('application/problem+json');
  expect(await response.json()).toMatchObject({
    status,
    title: expect.any(String),
    detail: expect.stringMatching(/\w{4,}/),
  });
};

describe('the commits since a place', () => {
  test.each([
    ['?since=1', [2, 3, 4]],
    ['?since=epoch1.2', [3, 4]],
    ['?since=4', []],
  ])('V10: are told: %s', async (query, offsets) => {
    const {request} = await createRoom();
    const response = await request(query);
    expect(response.status).toBe(200);
    expect(response.headers.get('Content-Type')).toBe(
      'application/json; charset=utf-8',
    );
    expect(response.headers.get('Cache-Control')).toBe('no-cache');
    expect(response.headers.get('Vary')).toBe('Accept');
    expect(response.headers.get('Link')).toBe(null);
    expect(await response.json()).toEqual(offsets.map(getCommit));
  });

  test('V10: are not told by a room that keeps none for that', async () => {
    const {put, push, request} = createFeedRoom({historyLimit: 0});
    await put([{}, {v: 0}]);
    await push({v: 1});
    for (const query of ['?since=1', '?at=1', '?since=7&limit=x']) {
      const response = await request(query);
      expect(response.headers.get('ETag')).toBe('"epoch1.2"');
      expect(await response.json()).toEqual([{}, {v: 1}]);
    }
  });

  test('V11: are lines for who prefers that', async () => {
    const {request} = await createRoom();
    const response = await request('?since=1', {
      Accept: 'application/x-ndjson, application/json;q=0.5',
    });
    expect(response.headers.get('Content-Type')).toBe('application/x-ndjson');
    const text = await response.text();
    expect(text.endsWith('\n')).toBe(true);
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([2, 3, 4].map(getCommit));
    const none = await request('?since=4', {Accept: 'application/x-ndjson'});
    expect(await none.text()).toBe('');
  });

  test('V11: come in pages, each with a link to the next', async () => {
    const {request} = await createRoom(250);
    const sizes: number[] = [];
    const offsets: number[] = [];
    let query: string | undefined = '?token=a%26b&since=1&limit=60';
    while (query) {
      expect(new URLSearchParams(query).get('token')).toBe('a&b');
      const response: Response = await request(query);
      const commits: any[] = await response.json();
      sizes.push(commits.length);
      offsets.push(...commits.map(({offset}) => offset));
      const link = response.headers.get('Link');
      [, query] = /^<(.*)>; rel="next"$/.exec(link ?? '') ?? [];
      expect(response.headers.get('Access-Control-Expose-Headers')).toBe(
        link ? 'Link, ETag' : 'ETag',
      );
    }
    expect(sizes).toEqual([60, 60, 60, 60, 10]);
    expect(offsets).toEqual(Array.from({length: 250}, (_, i) => i + 2));
  });

  test('V11: have a page of 100, and of 1,000 at most', async () => {
    const {request} = await createRoom(1_010);
    for (const [limit, length] of [
      ['', 100],
      ['&limit=1', 1],
      ['&limit=0200', 200],
      ['&limit=1001', 1_000],
      [`&limit=${'9'.repeat(400)}`, 1_000],
    ] as const) {
      expect(await (await request(`?since=1${limit}`)).json()).toHaveLength(
        length,
      );
    }
  });

  test('V11: have shorter pages where they are long', async () => {
    const {put, push, request} = createFeedRoom({historyLimit: 10_000_000});
    await put([{}, {v: 0}]);
    for (let i = 1; i <= 5; i++) {
      await push({v: `${i}`.repeat(400_000)});
    }
    const response = await request('?since=1');
    expect(await response.json()).toHaveLength(3);
    expect(response.headers.get('Link')).toBe('<?since=epoch1.4>; rel="next"');
  });

  test.each(['0', '-1', '1.5', 'ten', '', '1e3'])(
    'V11: are not told with a limit of "%s"',
    async (limit) => {
      const {request} = await createRoom();
      await expectProblem(await request(`?since=1&limit=${limit}`), 400);
    },
  );

  test('V11: keep the links of the app', async () => {
    const {request} = await createRoom(3, {Link: '<x>; rel="help"'});
    const {headers} = await request('?since=1&limit=1');
    expect(headers.get('Link')).toBe(
      '<x>; rel="help", <?since=epoch1.2&limit=1>; rel="next"',
    );
  });

  test('V11: have a HEAD without a body', async () => {
    const {request} = await createRoom();
    const head = await request('?since=1&limit=1', {}, 'HEAD');
    const get = await request('?since=1&limit=1');
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect([...head.headers]).toEqual([...get.headers]);
  });

  test.each(['?since=0', '?since=5', '?since=epoch2.1', '?since=.1'])(
    'V12: are gone: %s',
    async (query) => {
      const {request} = await createRoom();
      await expectProblem(await request(query), 410);
    },
  );

  test('V12: are none in a room that has no Store', async () => {
    const {request} = createFeedRoom();
    for (const query of ['?since=0', '?since=.0']) {
      expect(await (await request(query)).json()).toEqual([]);
    }
    await expectProblem(await request('?since=1'), 410);
    await expectProblem(await request('?at=0'), 410);
  });
});

describe('the content at a place', () => {
  test('V13: is told, with that as its ETag', async () => {
    const {request} = await createRoom();
    for (const [query, v, tag] of [
      ['?at=1', 0, '"epoch1.1"'],
      ['?at=epoch1.3', 2, '"epoch1.3"'],
      ['?at=4', 3, '"epoch1.4"'],
    ] as const) {
      const response = await request(query);
      expect(response.headers.get('ETag')).toBe(tag);
      expect(await response.json()).toEqual([{}, {v}]);
      const again = await request(query, {'If-None-Match': tag});
      expect(again.status).toBe(304);
    }
  });

  test.each(['?at=0', '?at=5', '?at=epoch2.1'])(
    'V13: is gone: %s',
    async (query) => {
      const {request} = await createRoom();
      await expectProblem(await request(query), 410);
    },
  );
});

describe('a query', () => {
  test.each([
    '?since=yesterday',
    '?since=-1',
    '?since=1.5.2',
    '?since=',
    '?since=1&since=',
    '?at=1&at=',
    '?at=2026-01-01',
    '?limit=1',
    '?_pk=me&since=1',
    '?at=1&_pk=me',
    '?since=1&limit=x&_pk=',
  ])('V14: is the app’s own: %s', async (query) => {
    const {request} = await createRoom();
    const response = await request(query);
    expect(response.headers.get('ETag')).toBe('"epoch1.4"');
    expect(await response.json()).toEqual([{}, {v: 3}]);
  });
});

describe('the limit of history', () => {
  test('V15: keeps so much of the log, whatever clients catch up with', async () => {
    const HISTORY_LIMIT = 400_000;
    const read = async (historyLimit: number | undefined) => {
      const limits = {maxCatchUpBytes: 50_000, historyLimit};
      const log = await createLog(createMemoryStorage(), [{}, {}], {limits});
      for (let i = 0; i < 100; i++) {
        await appendChanges(log, [{}, {v: `${i % 10}`.repeat(10_000)}]);
        await compact(log);
      }
      let reach = 0;
      while (
        await log.readCommits(log.offset - reach - 1, {
          maxCount: 1,
          maxBytes: 1,
        })
      ) {
        reach++;
      }
      return reach;
    };
    const without = await read(undefined);
    expect(without).toBeLessThan(20);
    expect(await read(10_000)).toBe(without);
    const reach = await read(HISTORY_LIMIT);
    expect(reach).toBeGreaterThan(((HISTORY_LIMIT / 10_000) * 30) / 32);
    expect(reach).toBeLessThan(60);
  });

  test('V15: leaves to clients what they catch up with', async () => {
    const limits = {maxCatchUpBytes: 50_000, historyLimit: 1_000_000};
    const log = await createLog(createMemoryStorage(), [{}, {}], {limits});
    for (let i = 0; i < 10; i++) {
      await appendChanges(log, [{}, {v: `${i}`.repeat(10_000)}]);
    }
    expect(await log.readSince(1)).toBe(undefined);
    expect(await log.readSince(8)).toHaveLength(3);
  });

  test('is checked', () => {
    for (const limit of [undefined, 0, 1.5, 1_000_000, Infinity]) {
      expect(getHistoryLimit(limit)).toBe(limit);
    }
    for (const limit of [-1, NaN, 'much' as any]) {
      expect(() => getHistoryLimit(limit)).toThrow(
        /config\.historyLimit is .*: give a number of bytes/,
      );
    }
  });
});
