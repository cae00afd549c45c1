import {describe, expect, test} from 'vitest';
import {getRoomLimits} from '../../src/protocol/limits.js';

describe('limits of a room', () => {
  test('are those of its config, and the defaults', () => {
    const {maxClients, maxPushLength} = getRoomLimits({
      maxClients: 7,
      maxPushLength: undefined as any,
    });
    expect([maxClients, maxPushLength]).toEqual([7, 8_000_000]);
    expect(getRoomLimits({maxUnreadLength: Infinity}).maxUnreadLength).toBe(
      Infinity,
    );
  });

  test.each([NaN, -1])('are no %d', (maxCatchUpBytes) => {
    expect(() => getRoomLimits({maxCatchUpBytes})).toThrow(
      'config.limits.maxCatchUpBytes',
    );
  });
});
