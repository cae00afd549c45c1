/** What a delta makes of content that is met Row by Row. */
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {Changes, Content} from '../../src/protocol/changes.js';
import {applyToContent, setOwn} from '../../src/protocol/content.js';
import {Delta} from '../../src/protocol/delta.js';
import {PatchedThings} from '../../src/server/storage/patched-things.js';
import type {Thing} from '../../src/server/storage/segments.js';
import {
  arbitraryChanges,
  arbitraryContent,
} from '../support/arbitrary-changes.js';
import {canonicalize} from '../support/content.js';

const DELETED = '\uFFFC';

const clone = <Thing>(thing: Thing): Thing => JSON.parse(JSON.stringify(thing));

const listThings = ([tables, values]: Content): Thing[] => [
  ...Object.entries(tables).flatMap(([tableId, table]) =>
    Object.entries(table).map(([rowId, row]): Thing => [tableId, rowId, row]),
  ),
  ...Object.entries(values).map(([id, atom]): Thing => [null, id, atom]),
];

/** The content of things, of which none may come twice. */
const collectContent = (things: Thing[]): Content => {
  const content: any = [{}, {}];
  for (const [tableId, rowId, thing] of things) {
    const [tables, values] = content;
    const place =
      tableId === null
        ? values
        : Object.hasOwn(tables, tableId)
          ? tables[tableId]
          : setOwn<any>(tables, tableId, {});
    expect(Object.hasOwn(place, rowId)).toBe(false);
    setOwn(place, rowId, thing);
  }
  return content;
};

/** Patches content that is cut into segments of so many things. */
const patch = (
  content: Content,
  changes: Changes[],
  segmentLength = 2,
): Thing[] => {
  const delta = new Delta();
  clone(changes).forEach((one) => delta.add(one));
  const patched = new PatchedThings(delta);
  const things = listThings(clone(content));
  const result: Thing[] = [];
  while (things.length) {
    result.push(...patched.patch(things.splice(0, segmentLength)));
  }
  return [...result, ...patched.finish()];
};

const apply = (content: Content, changes: Changes[]): Content => {
  const applied = clone(content);
  clone(changes).forEach((one) => applyToContent(applied, one));
  return applied;
};

const listTableIds = (things: Thing[]): (string | null)[] =>
  things
    .map(([tableId]) => tableId)
    .filter((tableId, index, all) => tableId !== all[index - 1]);

/** The ids of new Tables, and of new Rows and Values in what is not new. */
const listNewIds = (content: Content, things: Thing[]): any[] => {
  const [tables, values] = content as any;
  return [
    listTableIds(things).filter(
      (id) => id !== null && !Object.hasOwn(tables, id),
    ),
    ...Object.keys(tables).map((tableId) =>
      things
        .filter(([id, rowId]) => {
          return id === tableId && !Object.hasOwn(tables[tableId], rowId);
        })
        .map(([, rowId]) => rowId),
    ),
    things
      .filter(([id, valueId]) => id === null && !Object.hasOwn(values, valueId))
      .map(([, valueId]) => valueId),
  ];
};

const createRows = (rowIds: string[], cell: unknown = 1): any =>
  Object.fromEntries(rowIds.map((rowId) => [rowId, {c: cell}]));

describe('content patched by a delta', () => {
  test('S4: is what applying the changes makes of it', () => {
    fc.assert(
      fc.property(
        arbitraryContent,
        fc.array(arbitraryChanges, {maxLength: 5}),
        fc.integer({min: 1, max: 5}),
        (content, changes, segmentLength) => {
          const things = patch(content, changes, segmentLength);
          const expected = apply(content, changes);
          expect(canonicalize(collectContent(things))).toBe(
            canonicalize(expected),
          );
          // Each Table is in one place, and Values are last.
          const tableIds = listTableIds(things);
          expect(new Set(tableIds).size).toBe(tableIds.length);
          expect(tableIds.slice(0, -1)).not.toContain(null);
        },
      ),
      {numRuns: 2_000},
    );
  });

  test('S4: has new Rows, Values and Tables in the order of applying', () => {
    fc.assert(
      fc.property(arbitraryContent, arbitraryChanges, (content, changes) => {
        const expected = listThings(apply(content, [changes]));
        expect(listNewIds(content, patch(content, [changes]))).toEqual(
          listNewIds(content, expected),
        );
      }),
      {numRuns: 2_000},
    );
  });

  test('S4: has what was there where it was', () => {
    const content: Content = [
      {b: createRows(['y', 'x']), a: createRows(['q', 'p', 'o'])},
      {w: 1, v: 2},
    ];
    const things = patch(content, [
      [
        {
          n: createRows(['n']),
          a: {...createRows(['new', 'p'], 2), q: DELETED},
          b: createRows(['first']),
        },
        {u: 3, v: 4},
        1,
      ],
    ]);
    expect(things).toEqual([
      ['b', 'y', {c: 1}],
      ['b', 'x', {c: 1}],
      ['b', 'first', {c: 1}],
      ['a', 'p', {c: 2}],
      ['a', 'o', {c: 1}],
      ['a', 'new', {c: 2}],
      ['n', 'n', {c: 1}],
      [null, 'w', 1],
      [null, 'v', 4],
      [null, 'u', 3],
    ]);
  });

  test('S4: has Tables that were set again last, as they were set', () => {
    const content: Content = [
      {a: createRows(['x', 'y']), b: createRows(['x']), c: createRows(['x'])},
      {},
    ];
    const changes: Changes[] = [
      [{b: DELETED, a: DELETED}, {}, 1],
      [{a: createRows(['y']), d: createRows(['x'])}, {}, 1],
      [{b: createRows(['z'])}, {}, 1],
    ];
    const things = patch(content, changes);
    expect(things).toEqual(listThings(apply(content, changes)));
    expect(listTableIds(things)).toEqual(['c', 'a', 'd', 'b']);
  });

  test('S4: has a Row that was set again with its new Cells alone, last', () => {
    const content: Content = [{t: createRows(['x', 'y', 'z'])}, {}];
    const changes: Changes[] = [
      [{t: {x: DELETED}}, {}, 1],
      [{t: {x: {d: 2}}}, {}, 1],
      [{t: {y: {c: DELETED}}}, {}, 1],
    ];
    expect(patch(content, changes)).toEqual([
      ['t', 'z', {c: 1}],
      ['t', 'x', {d: 2}],
    ]);
  });

  test('S4: is nothing where all is gone, or nothing was there', () => {
    const content: Content = [{t: createRows(['x'])}, {v: 1}];
    expect(patch(content, [[{t: DELETED}, {v: DELETED}, 1]])).toEqual([]);
    expect(patch(content, [[{t: {x: {c: DELETED}}}, {v: DELETED}, 1]])).toEqual(
      [],
    );
    expect(patch([{}, {}], [])).toEqual([]);
    expect(
      patch([{}, {}], [[{t: DELETED, u: {x: DELETED}}, {v: DELETED}, 1]]),
    ).toEqual([]);
    expect(patch([{}, {}], [[{t: {x: {c: DELETED}}}, {}, 1]])).toEqual([]);
  });

  test('S4: keeps null, false, 0 and the empty string', () => {
    for (const atom of [null, false, 0, '']) {
      expect(
        patch(
          [{t: createRows(['x'])}, {v: 1}],
          [[{t: createRows(['x', 'y'], atom)}, {v: atom, w: atom}, 1]],
        ),
      ).toEqual([
        ['t', 'x', {c: atom}],
        ['t', 'y', {c: atom}],
        [null, 'v', atom],
        [null, 'w', atom],
      ]);
    }
  });
});
