import {describe, expect, test} from 'vitest';
import {createFeedRoom} from '../support/feed-room.js';

describe('a reader that comes back', () => {
  const createMoved = async () => {
    const scene = createFeedRoom();
    await scene.put([{}, {v: 0}]);
    await scene.push({v: 1, secret: 'x'});
    await scene.push({secret: '\uFFFC'}, {t: {r: {c: 1}}});
    return scene;
  };

  test.each([
    ['its last id', '', 'epoch1.1'],
    ['a query', '?since=epoch1.1', ''],
    ['a query without an epoch', '?since=1', ''],
    ['both, of which the id counts', '?since=3', 'epoch1.1'],
    ['both, of which the id counts, epoch or not', '?since=epoch7.1', '1'],
  ])('V4: gets what it has missed as one: %s', async (_, query, id) => {
    const {open, push} = await createMoved();
    const stream = await open(query, id ? {'Last-Event-ID': id} : {});
    expect(stream.take()).toEqual([
      {
        name: 'commit',
        id: 'epoch1.3',
        data: {
          epoch: 'epoch1',
          after: 1,
          offset: 3,
          // Nothing tells what the secret was.
          changes: [[{t: {r: {c: 1}}}, {v: 1, secret: '\uFFFC'}, 1]],
        },
      },
    ]);
    await push({v: 2});
    expect(stream.take()).toMatchObject([{data: {after: 3, offset: 4}}]);
  });

  test('V4: gets nothing where it has missed nothing', async () => {
    const {open, push} = await createMoved();
    const stream = await open('?since=3');
    expect(stream.take()).toEqual([]);
    await push({v: 2});
    expect(stream.take()).toMatchObject([{name: 'commit', id: 'epoch1.4'}]);
  });

  test('V4: gets a commit in a room that had no Store when it was read last', async () => {
    const {put, open, push} = createFeedRoom();
    await (await open()).leave();
    await put([{}, {v: 0}]);
    const stream = await open('?since=1');
    await push({w: 1});
    expect(stream.take()).toMatchObject([
      {name: 'commit', data: {after: 1, changes: [[{}, {w: 1}, 1]]}},
    ]);
  });

  test.each([
    ['of another epoch', 'epoch2.1'],
    ['of no epoch', '.1'],
    ['that is yet to come', 'epoch1.4'],
    ['before the first content', 'epoch1.0'],
    ['that is none', 'yesterday'],
  ])('V5: gets the content where it was at a place %s', async (_, id) => {
    const {open} = await createMoved();
    const stream = await open('', {'Last-Event-ID': id});
    expect(stream.take()).toEqual([
      {
        name: 'reload',
        id: 'epoch1.3',
        data: {epoch: 'epoch1', offset: 3, content: [{t: {r: {c: 1}}}, {v: 1}]},
      },
    ]);
  });

  test('V5: gets the content where it has missed too much', async () => {
    const {put, open, push} = createFeedRoom({
      limits: {maxCatchUpBytes: 1_000},
    });
    await put([{}, {v: 0}]);
    for (let i = 1; i <= 20; i++) {
      await push({v: `${i}`.repeat(100)});
    }
    expect((await open('?since=19')).take()).toMatchObject([{name: 'commit'}]);
    expect((await open('?since=1')).take()).toMatchObject([{name: 'reload'}]);
  });

  test('V4: takes a place in a query as the app’s own where it is none', async () => {
    const {open} = await createMoved();
    for (const query of ['?since=yesterday', '?since=1&since=2', '?since=']) {
      expect((await open(query)).take()).toMatchObject([{name: 'content'}]);
    }
  });
});
