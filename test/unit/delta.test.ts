import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {type Changes, DELETED} from '../../src/protocol/changes.js';
import {applyToContent} from '../../src/protocol/content.js';
import {Delta, type DeltaList} from '../../src/protocol/delta.js';
import {
  arbitraryChanges,
  arbitraryContent,
} from '../support/arbitrary-changes.js';
import {canonicalize} from '../support/content.js';

const merge = (...sequence: Changes[]): DeltaList =>
  sequence.reduce((delta, changes) => delta.add(changes), new Delta()).toList();

const change = (tables: any, values: any = {}): Changes => [tables, values, 1];

/** A delta as plain objects, for toEqual to compare. */
const plain = (list: DeltaList): unknown => JSON.parse(JSON.stringify(list));

describe('a delta', () => {
  test('is empty where nothing was added', () => {
    const delta = new Delta();
    expect(delta.isEmpty()).toBe(true);
    expect(delta.toList()).toEqual([]);
    expect(delta.add(change({}, {})).isEmpty()).toBe(true);
  });

  test('T4: keeps the last of several sets', () => {
    expect(
      plain(
        merge(
          change({t: {r: {a: 1, b: 1}}}, {v: 1}),
          change({t: {r: {a: 2}, s: {a: 3}}}, {v: DELETED, w: null}),
        ),
      ),
    ).toEqual([[{t: {r: {a: 2, b: 1}, s: {a: 3}}}, {v: DELETED, w: null}, 1]]);
  });

  test('T4: is one change where a Row is deleted and stays so', () => {
    expect(
      plain(merge(change({t: {r: {a: 1}}}), change({t: {r: DELETED}}))),
    ).toEqual([[{t: {r: DELETED}}, {}, 1]]);
  });

  test('T4: is deletions, then the rest, where a Row is set again', () => {
    expect(
      plain(
        merge(
          change({t: {r: DELETED}}, {v: 1}),
          change({t: {r: {a: 1}}, u: DELETED}),
        ),
      ),
    ).toEqual([
      [{t: {r: DELETED}, u: DELETED}, {}, 1],
      [{t: {r: {a: 1}}}, {v: 1}, 1],
    ]);
  });

  test('T4: is deletions, then the rest, where a Table is set again', () => {
    expect(
      plain(merge(change({t: DELETED}), change({t: {r: {a: 1}}}))),
    ).toEqual([
      [{t: DELETED}, {}, 1],
      [{t: {r: {a: 1}}}, {}, 1],
    ]);
  });

  test('says no deletion of a Cell whose Row is deleted anyway', () => {
    expect(
      plain(merge(change({t: {r: DELETED}}), change({t: {r: {a: DELETED}}}))),
    ).toEqual([[{t: {r: DELETED}}, {}, 1]]);
  });

  test('does not touch the changes that it was given', () => {
    const first = change({t: {r: {a: 1}}}, {v: 1});
    const second = change({t: {r: DELETED}}, {v: DELETED});
    const before = JSON.stringify([first, second]);
    merge(first, second, change({t: {r: {a: 2}}}));
    expect(JSON.stringify([first, second])).toBe(before);
  });

  test('T2, T4: merging loses nothing, whatever the changes and ids', () => {
    fc.assert(
      fc.property(
        arbitraryContent,
        fc.array(arbitraryChanges, {maxLength: 6}),
        (content, sequence) => {
          const expected = structuredClone(content);
          sequence.forEach((changes) => applyToContent(expected, changes));

          const list = merge(...sequence);
          const actual = structuredClone(content);
          list.forEach((changes) => applyToContent(actual, changes));
          expect(canonicalize(actual)).toBe(canonicalize(expected));
        },
      ),
      {numRuns: 2_000},
    );
  });

  test('T4: has two changes at most, deletions of Rows and Tables first', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryChanges, {minLength: 1, maxLength: 6}),
        (sequence) => {
          const list = merge(...sequence);
          expect(list.length).toBeLessThanOrEqual(2);
          if (list.length == 2) {
            const [[tables, values]] = list as [Changes, Changes];
            expect(Object.keys(values)).toEqual([]);
            Object.values(tables).forEach((table) =>
              Object.values(table === DELETED ? {} : table).forEach((row) =>
                expect(row === DELETED).toBe(true),
              ),
            );
          }
        },
      ),
      {numRuns: 1_000},
    );
  });

  test('T4: deltas of deltas say the same as one of all', () => {
    fc.assert(
      fc.property(
        arbitraryContent,
        fc.array(fc.array(arbitraryChanges, {maxLength: 3}), {maxLength: 4}),
        (content, turns) => {
          const apply = (list: DeltaList): string => {
            const copy = structuredClone(content);
            list.forEach((changes) => applyToContent(copy, changes));
            return canonicalize(copy);
          };
          expect(apply(merge(...turns.flatMap((turn) => merge(...turn))))).toBe(
            apply(merge(...turns.flat())),
          );
        },
      ),
      {numRuns: 1_000},
    );
  });

  test('T4: what was merged says the same when it has travelled', () => {
    fc.assert(
      fc.property(
        arbitraryContent,
        fc.array(arbitraryChanges, {maxLength: 4}),
        (content, sequence) => {
          const apply = (list: DeltaList): string => {
            const copy = structuredClone(content);
            list.forEach((changes) => applyToContent(copy, changes));
            return canonicalize(copy);
          };
          const list = merge(...sequence);
          const text = JSON.stringify(list);
          expect(apply(JSON.parse(text))).toBe(apply(list));
        },
      ),
      {numRuns: 500},
    );
  });
});
