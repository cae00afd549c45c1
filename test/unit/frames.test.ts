import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {getPushFrames} from '../../src/client/push-frames.js';
import {MAX_FRAME_LENGTH} from '../../src/protocol/limits.js';
import {splitFrame} from '../../src/protocol/messages.js';

const HIGH = '\uD83D';
const LOW = '\uDE00';

const joinFragments = (frames: string[]): string =>
  frames.map((frame) => frame.slice(frame.indexOf(']') + 1)).join('');

describe('a frame', () => {
  test('F1: has the prefix and a letter, and then its payload', () => {
    expect(splitFrame('', 's[1]')).toEqual(['s', '[1]']);
    expect(splitFrame('app/', 'app/s[1]')).toEqual(['s', '[1]']);
    expect(splitFrame('app/', 'app/s')).toEqual(['s', '']);
  });

  test('F1: is not ours without the prefix, or with nothing after it', () => {
    expect(splitFrame('app/', 's[1]')).toBe(undefined);
    expect(splitFrame('app/', 'app/')).toBe(undefined);
    expect(splitFrame('', '')).toBe(undefined);
    expect(splitFrame('', new ArrayBuffer(2))).toBe(undefined);
    expect(splitFrame('', undefined)).toBe(undefined);
  });
});

describe('a push', () => {
  test('is one frame where it fits', () => {
    expect(getPushFrames(3, '[{},{"v":1},1]')).toEqual(['p[3,[{},{"v":1},1]]']);
    const longest = 'x'.repeat(MAX_FRAME_LENGTH);
    expect(getPushFrames(3, longest)).toHaveLength(1);
    expect(getPushFrames(3, longest + 'x')).toHaveLength(2);
  });

  test('F2: is fragments in order where it is longer', () => {
    const text = 'x'.repeat(600_000);
    const frames = getPushFrames(3, text);
    expect(frames.map((frame) => frame.slice(0, 8))).toEqual([
      'f[3,0,3]',
      'f[3,1,3]',
      'f[3,2,3]',
    ]);
    expect(joinFragments(frames)).toBe(text);
  });

  test('F2: is never cut within a surrogate pair', () => {
    for (let shift = 0; shift < 3; shift++) {
      const text = 'x'.repeat(shift) + (HIGH + LOW).repeat(300_000);
      const frames = getPushFrames(1, text);
      expect(joinFragments(frames) === text).toBe(true);
      frames.forEach((frame) => {
        expect(Buffer.from(frame).toString() === frame).toBe(true);
        expect(frame.length).toBeLessThan(MAX_FRAME_LENGTH + 20);
      });
    }
  });

  test('F2: survives UTF-8 in fragments, whatever is in it', () => {
    fc.assert(
      fc.property(
        fc.string({unit: 'binary', minLength: 1, maxLength: 20}),
        fc.nat(10),
        (unit, shift) => {
          const text =
            'x'.repeat(shift) +
            unit.repeat(Math.ceil((MAX_FRAME_LENGTH * 2) / unit.length));
          const frames = getPushFrames(1, text).map((frame) =>
            Buffer.from(frame).toString(),
          );
          expect(joinFragments(frames) === text).toBe(true);
        },
      ),
      {numRuns: 30},
    );
  });

  test('F2: has frames that the platform takes, at three bytes a unit', () => {
    const frames = getPushFrames(1, '\uFFFF'.repeat(MAX_FRAME_LENGTH));
    frames.forEach((frame) =>
      expect(Buffer.byteLength(frame)).toBeLessThan(1_048_576),
    );
  });
});
