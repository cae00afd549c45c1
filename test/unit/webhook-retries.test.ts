import {describe, expect, test} from 'vitest';
import {
  alignCursor,
  type Cursor,
  isQuiet,
  noteFailure,
  noteGone,
  noteSuccess,
  reconsiderGone,
} from '../../src/server/webhooks/cursor.js';
import {
  getRetryDelayMs,
  parseRetryAfterMs,
} from '../../src/server/webhooks/retries.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe('the wait before another attempt', () => {
  test('W14: begins with 5 s, and doubles up to an hour', () => {
    const delays = Array.from({length: 14}, (_, index) =>
      getRetryDelayMs(index + 1, 0.5),
    );
    expect(delays.slice(0, 4)).toEqual([5_000, 10_000, 20_000, 40_000]);
    expect(delays.slice(9)).toEqual([
      2_560_000,
      HOUR_MS,
      HOUR_MS,
      HOUR_MS,
      HOUR_MS,
    ]);
    expect(getRetryDelayMs(10_000, 0.5)).toBe(HOUR_MS);
  });

  test('W14: is spread by half of it both ways', () => {
    expect(getRetryDelayMs(1, 0)).toBe(2_500);
    expect(getRetryDelayMs(1, 0.999_999)).toBe(7_500);
  });

  test.each<[string | null, number]>([
    [null, 0],
    ['', 0],
    ['soon', 0],
    ['-5', 0],
    ['0', 0],
    [' 120 ', 120_000],
    ['999999999', DAY_MS],
    ['Wed, 21 Oct 2026 07:30:00 GMT', 120_000],
    ['Wed, 21 Oct 2026 07:27:00 GMT', 0],
    ['Wed, 21 Oct 2099 07:27:00 GMT', DAY_MS],
  ])('W14: is what a receiver asks for by %j', (header, ms) => {
    const now = Date.parse('2026-10-21T07:28:00Z');
    expect(parseRetryAfterMs(header, now)).toBe(ms);
  });
});

describe('how far a webhook is', () => {
  const cursor: Cursor = {epoch: 'e', offset: 2, event: {to: 5, time: 1}};

  test('W12: moves to the end of the event that is delivered', () => {
    const failed = noteFailure(cursor, {now: 0, delayMs: 1, offset: 9});
    expect(noteSuccess(failed)).toEqual({epoch: 'e', offset: 5});
  });

  test('W10: begins at 0 in another history of the room', () => {
    expect(alignCursor(cursor, {epoch: 'e', offset: 9})).toBe(cursor);
    expect(alignCursor(cursor, {epoch: '', offset: 0})).toBe(cursor);
    expect(alignCursor(cursor, {epoch: 'f', offset: 9})).toEqual({
      epoch: 'f',
      offset: 0,
    });
    expect(
      alignCursor({...cursor, gone: 'me'}, {epoch: 'f', offset: 9}),
    ).toEqual({epoch: 'f', offset: 0, gone: 'me'});
  });

  test('W16: is given up after five days, until the room goes on', () => {
    const fail = (from: Cursor, now: number) =>
      noteFailure(from, {now, delayMs: HOUR_MS, offset: 9});
    let failed = fail(cursor, 1_000);
    expect(failed).toEqual({
      ...cursor,
      failing: {count: 1, since: 1_000, nextAt: 1_000 + HOUR_MS},
    });
    failed = fail(failed, 5 * DAY_MS + 999);
    expect(isQuiet(failed, {epoch: 'e', offset: 9})).toBe(false);
    failed = fail(failed, 5 * DAY_MS + 1_000);
    expect(failed).toMatchObject({failing: {count: 3, quietAt: 9}});
    expect(isQuiet(failed, {epoch: 'e', offset: 9})).toBe(true);
    expect(isQuiet(failed, {epoch: 'e', offset: 10})).toBe(false);
  });

  test('W15: is told that nobody is there for that one alone', () => {
    const gone = noteGone(
      noteFailure(cursor, {now: 0, delayMs: 1, offset: 9}),
      'me',
    );
    expect(gone).toEqual({...cursor, gone: 'me'});
    expect(reconsiderGone(gone, 'me')).toBe(gone);
    expect(reconsiderGone(gone, 'another')).toEqual(cursor);
    expect(reconsiderGone(cursor, 'me')).toBe(cursor);
  });
});
