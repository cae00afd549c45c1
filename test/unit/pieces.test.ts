import {serialize} from 'node:v8';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {
  cutText,
  joinText,
  measureText,
} from '../../src/server/storage/pieces.js';

/** A text much longer than what fast-check would make. */
const arbitraryText = fc
  .tuple(
    fc.string({unit: 'binary', minLength: 1, maxLength: 12}),
    fc.integer({min: 1, max: 200_000}),
    fc.string({unit: 'binary', maxLength: 5}),
  )
  .map(([unit, length, before]) => before + unit.repeat(length / unit.length));

describe('a text for storage', () => {
  test('rests as it is where it is short', () => {
    expect(cutText('')).toEqual(['']);
    expect(cutText('text')).toEqual(['text']);
    expect(joinText(cutText(''))).toBe('');
  });

  test('is cut where it is long', () => {
    const pieces = cutText('x'.repeat(300_000));
    expect(pieces.map((piece) => piece.length)).toEqual([
      130_000, 130_000, 40_000,
    ]);
  });

  test('keeps characters that a cut meets in the middle', () => {
    for (const char of ['é', '€', '😀', '\uFEFF', '\uFFFC', '\u0000']) {
      for (let shift = 0; shift < 4; shift++) {
        const text = 'x'.repeat(shift) + char.repeat(140_000);
        expect(joinText(cutText(text)) === text).toBe(true);
      }
    }
  });

  test('is joined as it was, in pieces that a value may be', () => {
    fc.assert(
      fc.property(arbitraryText, (text) => {
        const pieces = cutText(text);
        pieces.forEach((piece) =>
          expect(serialize(piece).length).toBeLessThanOrEqual(131_072),
        );
        expect(joinText(structuredClone(pieces)) === text).toBe(true);
      }),
      {numRuns: 60},
    );
  });

  test('S8: is measured as what it takes up', () => {
    for (const unit of ['x', 'é', '€', '😀']) {
      for (const length of [0, 10, 65_000, 65_002, 300_000]) {
        const text = unit.repeat(length / unit.length);
        const stored = cutText(text).reduce((sum, one) => sum + one.length, 0);
        expect(measureText(text)).toBe(stored);
      }
    }
  });

  test('keeps lone surrogates of Cells, being JSON', () => {
    const text = JSON.stringify('\uD83D'.repeat(50_000) + '\uDE00');
    expect(JSON.parse(joinText(cutText(text)))).toBe(JSON.parse(text));
  });
});
