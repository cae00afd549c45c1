import {describe, expect, test} from 'vitest';
import {
  composeEvent,
  type ReadableState,
} from '../../src/server/webhooks/compose-event.js';
import type {Cursor} from '../../src/server/webhooks/cursor.js';
import type {WebhookInclude} from '../../src/server/webhooks/webhook-config.js';
import {parseWebhookEvent} from '../../src/protocol/webhook-event.js';
import {createMemoryRoom} from '../support/memory-room.js';

const createRoom = async (options = {}) => {
  const memory = createMemoryRoom(options);
  const {room, edge} = memory;
  edge.now = () => 1_000;
  await room.putContent([{}, {start: 0}], null);
  let n = 0;
  return {
    ...memory,
    commit: async (value: unknown = ++n, key = 'v') => {
      edge.now = () => 1_000 * (n + 2);
      await room.apply([{}, {[key]: value as any}, 1]);
    },
    compose: async (
      cursor: Partial<Cursor>,
      include: WebhookInclude = 'none',
      more: {throttleMs?: number; maxBytes?: number} = {},
    ) => {
      const {throttleMs = 1_000, maxBytes} = more;
      const {body, ...frozen} = await room.read(async (state) =>
        composeEvent(state as ReadableState, {
          room: 'room',
          webhook: {include, throttleMs},
          cursor: {epoch: state.epoch, offset: 1, ...cursor},
          getTime: () => 77_000,
          ...(maxBytes ? {maxBytes} : {}),
        }),
      );
      const text = new TextDecoder().decode(body);
      const parsed = parseWebhookEvent(JSON.parse(text));
      expect(parsed.kind).toBe('known');
      const {timestamp, data} = (parsed as any).event;
      return {frozen, bytes: body.length, timestamp, data, text};
    },
  };
};

const by = (agent: string | undefined) => ({who: {agent}, length: 0});

/** Whose doing it is: of who put the first content there is nothing else. */
const getAgent = (who: {agent?: string} | null) => (who ? who.agent : 'puts');

describe('an event', () => {
  test('W10: tells where the room is, and when it came there', async () => {
    const {compose, commit, getPosition} = await createRoom();
    await commit();
    await commit();
    const {epoch} = await getPosition();
    expect(await compose({})).toMatchObject({
      frozen: {to: 3, time: 77_000},
      timestamp: '1970-01-01T00:01:17.000Z',
      data: {room: 'room', epoch, fromOffset: 1, toOffset: 3},
    });
  });

  test('W12: under way covers the same, whatever came since', async () => {
    const {compose, commit} = await createRoom();
    await commit();
    await commit();
    await commit();
    const event = {to: 3, time: 5_000};
    for (const include of ['none', 'changes', 'content'] as const) {
      expect(await compose({event}, include)).toMatchObject({
        frozen: event,
        timestamp: '1970-01-01T00:00:05.000Z',
        data: {fromOffset: 1, toOffset: 3},
      });
    }
    const {data} = await compose({event}, 'changes');
    expect(data.changes).toEqual([
      {offset: 2, time: 3_000, changes: [[{}, {v: 1}, 1]]},
      {offset: 3, time: 4_000, changes: [[{}, {v: 2}, 1]]},
    ]);
    const {data: content} = await compose({event}, 'content');
    expect(content.content).toEqual([{}, {start: 0, v: 2}]);
  });

  test('W11: without a throttle covers one commit', async () => {
    const {compose, commit} = await createRoom();
    await commit();
    await commit();
    for (const include of ['none', 'changes', 'content'] as const) {
      const {data, frozen} = await compose({}, include, {throttleMs: 0});
      expect([data.fromOffset, data.toOffset]).toEqual([1, 2]);
      expect(frozen).toEqual({to: 2, time: 3_000});
    }
    const {data} = await compose({offset: 2}, 'content', {throttleMs: 0});
    expect(data.content).toEqual([{}, {start: 0, v: 2}]);
    const first = await compose({offset: 0}, 'changes', {throttleMs: 0});
    expect(first.data).toMatchObject({
      toOffset: 1,
      changes: [{offset: 1, changes: [[{}, {start: 0}, 1]]}],
    });
  });

  test('E1: has the content as it was there, whatever the app writes', async () => {
    const {room, commit} = await createRoom({needsStore: true});
    await commit(1);
    const {body} = await room.read(async (state) => {
      const readable: ReadableState = {
        epoch: state.epoch,
        offset: state.offset,
        firstAuthor: state.firstAuthor,
        readCommits: async (after, bounds) => {
          room.store!.setValue('late', true);
          return await state.readCommits(after, bounds);
        },
        readContentAt: (at) => state.readContentAt(at),
        getContent: () => state.getContent(),
      };
      return await composeEvent(readable, {
        room: 'room',
        webhook: {include: 'content', throttleMs: 0},
        cursor: {epoch: state.epoch, offset: 1},
        getTime: () => 77_000,
      });
    });
    const {data} = JSON.parse(new TextDecoder().decode(body));
    expect([data.toOffset, data.content]).toEqual([2, [{}, {start: 0, v: 1}]]);
  });

  test('W13: includes the first content as changes, too', async () => {
    const {compose, commit} = await createRoom();
    await commit();
    const {data} = await compose({offset: 0}, 'changes');
    expect(data).toMatchObject({
      fromOffset: 0,
      toOffset: 2,
      changes: [
        {offset: 1, changes: [[{}, {start: 0}, 1]]},
        {offset: 2, changes: [[{}, {v: 1}, 1]]},
      ],
    });
  });

  test('E1: says when each commit was, and whose', async () => {
    const {room, edge, compose} = await createRoom({getAuthor: getAgent});
    await room.patchContent([{}, {v: 1}, 1], by('ann'));
    edge.now = () => 5_000;
    await room.patchContent([{}, {v: 2}, 1], by(undefined));
    await room.patchContent([{}, {v: 3}, 1], by('bob'));
    const {data} = await compose({offset: 0}, 'changes');
    expect(data.changes).toStrictEqual([
      {offset: 1, author: 'puts', changes: [[{}, {start: 0}, 1]]},
      {offset: 2, time: 1_000, author: 'ann', changes: [[{}, {v: 1}, 1]]},
      {offset: 3, time: 5_000, changes: [[{}, {v: 2}, 1]]},
      {offset: 4, time: 5_000, author: 'bob', changes: [[{}, {v: 3}, 1]]},
    ]);
  });

  test('W13: covers as many changes as fit', async () => {
    const {compose, commit} = await createRoom();
    for (let n = 0; n < 6; n++) {
      await commit('é'.repeat(500));
    }
    const seen: number[] = [];
    let offset = 1;
    while (offset < 7) {
      const {data, bytes} = await compose({offset}, 'changes', {
        maxBytes: 3_000,
      });
      expect(bytes).toBeLessThanOrEqual(3_000);
      expect(bytes).toBeGreaterThan(2_000);
      expect(data.fromOffset).toBe(offset);
      expect(data.changes.at(-1).offset).toBe(data.toOffset);
      seen.push(data.changes.length);
      offset = data.toOffset;
    }
    expect(seen).toEqual([2, 2, 2]);
  });

  test('W13: leaves out a commit that does not fit alone', async () => {
    const {compose, commit} = await createRoom();
    await commit('x'.repeat(3_000));
    await commit('y');
    const large = await compose({}, 'changes', {maxBytes: 1_000});
    expect(large.data).toEqual(
      expect.objectContaining({fromOffset: 1, toOffset: 2}),
    );
    expect(large.data.changes).toBe(undefined);
    const next = await compose({offset: 2}, 'changes', {maxBytes: 1_000});
    expect(next.data.changes).toHaveLength(1);
  });

  test('W13: is as long as it may be, and no longer', async () => {
    const {compose, commit} = await createRoom();
    await commit('x'.repeat(5_000));
    const whole = await compose({}, 'content');
    const enough = {maxBytes: whole.bytes + 40};
    expect((await compose({}, 'content', enough)).data.content).toBeTruthy();
    const tooLittle = {maxBytes: whole.bytes - 1};
    const {data, bytes} = await compose({}, 'content', tooLittle);
    expect(data.content).toBe(undefined);
    expect(bytes).toBeLessThan(1_000);
  });

  test('W13: covers all in one where the log does not reach back', async () => {
    const {compose, commit, advance, storage} = await createRoom({
      limits: {maxCatchUpBytes: 1_000},
    });
    await commit('x'.repeat(100_000));
    await commit('y'.repeat(100_000));
    for (let steps = 0; steps < 50; steps++) {
      advance(10_000);
      await new Promise(setImmediate);
    }
    const entries = storage
      .getEntries()
      .filter(([key]) => key.startsWith('#tbpk:l:'));
    expect(entries).toEqual([]);
    await commit();
    for (const include of ['none', 'changes'] as const) {
      const {data} = await compose({}, include, {throttleMs: 0});
      expect(data).toMatchObject({fromOffset: 1, toOffset: 4});
      expect(data.changes).toBe(undefined);
    }
    const event = {to: 2, time: 1};
    const {data} = await compose({event}, 'content');
    expect(data).toMatchObject({fromOffset: 1, toOffset: 2});
    expect(data.content).toBe(undefined);
    const first = await compose({offset: 0}, 'changes');
    expect(first.data.changes).toBe(undefined);
    const next = await compose({offset: 3}, 'changes');
    expect(next.data.changes).toHaveLength(1);
  });
});
