import {expect, test, vi} from 'vitest';
import {createClaims} from '../../src/webhook/claims.js';
import {createSeenIds} from '../../src/webhook/seen-ids.js';

test('W8: the latest ids are remembered, up to a bound', () => {
  const seen = createSeenIds(3);
  const add = (...ids: string[]) => ids.forEach((id) => seen.add(id));
  const which = (...ids: string[]) => ids.filter((id) => seen.has(id));
  add('a', 'b', 'c', 'c');
  expect(which('a', 'b', 'c', 'd')).toEqual(['a', 'b', 'c']);
  add('d');
  expect(which('a', 'b', 'c', 'd')).toEqual(['b', 'c', 'd']);
  add('e', 'f');
  expect(which('a', 'b', 'c', 'd', 'e', 'f')).toEqual(['d', 'e', 'f']);
});

test('W8: by default that is more than ten minutes of them', () => {
  const seen = createSeenIds();
  for (let id = 0; id <= 100_000; id++) {
    seen.add(`${id}`);
  }
  expect([seen.has('0'), seen.has('1'), seen.has('100000')]).toEqual([
    false,
    true,
    true,
  ]);
});

test('W7: a claim that has expired takes no later one with it', () => {
  vi.useFakeTimers({toFake: ['Date'], now: 0});
  try {
    const claim = createClaims(10);
    const releaseFirst = claim('id')!;
    expect(claim('id')).toBe(undefined);
    vi.setSystemTime(10);
    const releaseSecond = claim('id')!;
    releaseFirst();
    expect(claim('id')).toBe(undefined);
    releaseSecond();
    expect(claim('id')).not.toBe(undefined);
  } finally {
    vi.useRealTimers();
  }
});
