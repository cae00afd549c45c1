import {describe, expect, test} from 'vitest';
import {andThen, each, type MaybePromise} from '../../src/server/verdicts.js';

const IDS = Array.from({length: 1_000}, (_, index) => `${index}`);

describe('what hooks answer', () => {
  test('is dealt with at once where it is there', () => {
    const visited: string[] = [];
    expect(each(IDS, (id) => void visited.push(id))).toBe(undefined);
    expect(visited).toEqual(IDS);
    expect(andThen(1, (one) => one + 1)).toBe(2);
  });

  test('is waited for where it comes later', async () => {
    const later = andThen(Promise.resolve(1), (one) => one + 1);
    expect(later).toBeInstanceOf(Promise);
    expect(await later).toBe(2);
  });

  test('is waited for by so many at a time, in the order asked', async () => {
    const asked: string[] = [];
    let underWay = 0;
    let most = 0;
    const visit = (id: string): MaybePromise<void> => {
      asked.push(id);
      if (+id % 10 == 0) {
        return undefined;
      }
      most = Math.max(most, ++underWay);
      return new Promise((resolve) =>
        setImmediate(() => {
          underWay--;
          resolve();
        }),
      );
    };
    await each(IDS, visit);
    expect(asked).toEqual(IDS);
    expect(most).toBeGreaterThan(20);
    expect(most).toBeLessThanOrEqual(50);
  });

  test('fails with the first that throws, and leaves no promise alone', async () => {
    const rejections: unknown[] = [];
    const note = (reason: unknown) => rejections.push(reason);
    process.on('unhandledRejection', note);
    const visit = (id: string): MaybePromise<void> => {
      if (id == '7') {
        throw new Error('at once');
      }
      return Promise.reject(new Error(`later ${id}`));
    };
    await expect(each(IDS, visit)).rejects.toThrow('later 0');
    await new Promise((resolve) => setTimeout(resolve, 10));
    process.off('unhandledRejection', note);
    expect(rejections).toEqual([]);
  });
});
