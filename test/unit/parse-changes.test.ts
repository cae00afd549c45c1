import fc from 'fast-check';
import {createStore} from 'tinybase';
import {describe, expect, test} from 'vitest';
import {DELETED, visitChanges} from '../../src/protocol/changes.js';
import {
  parseChanges,
  parseContent,
  parseJson,
} from '../../src/protocol/parse-changes.js';
import {applyToStore} from '../../src/server/live-store.js';
import {
  arbitraryChanges,
  arbitraryContent,
} from '../support/arbitrary-changes.js';
import {canonicalize} from '../support/content.js';

const change = (tables: unknown, values: unknown = {}): unknown => [
  tables,
  values,
  1,
];

/** Anything, but more often than not nearly changes. */
const arbitraryMessage = fc
  .oneof(
    fc.anything({withNullPrototype: true}),
    fc.letrec((tie) => ({
      message: fc.tuple(
        tie('things'),
        tie('things'),
        fc.constantFrom<unknown>(1, 1, 1, true, '1'),
      ),
      things: fc.dictionary(
        fc.constantFrom('a', '__proto__', ''),
        fc.oneof({maxDepth: 3}, tie('atom'), tie('things')),
        {maxKeys: 2},
      ),
      atom: fc.oneof(
        fc.constantFrom<unknown>(
          ...[DELETED, '\uFFFD', '\uFFFD1', '\uFFFD{}', '\uFFFD[1]'],
          ...['\uFFFD"x"', '\uFFFDnull', 'x', null, undefined, NaN],
          ...[Infinity, true, 10n, Symbol.iterator, () => {}],
        ),
        fc.string().map((text) => '\uFFFD' + text),
      ),
    })).message,
  )
  .map((message: unknown) => message);

describe('changes of a peer', () => {
  test('are taken as they are where they are well-formed', () => {
    const changes = change({t: {r: {c: 1}, s: DELETED}, u: DELETED}, {v: null});
    expect(parseChanges(changes)).toBe(changes);
    expect(parseChanges(change({}, {}))).toEqual(change({}, {}));
  });

  test('T1: are encoded where they bring objects and arrays', () => {
    expect(
      parseChanges(change({t: {r: {c: {a: 1}}}}, {v: [1], w: '\uFFFD[ 1 ]'})),
    ).toEqual(
      change({t: {r: {c: '\uFFFD{"a":1}'}}}, {v: '\uFFFD[1]', w: '\uFFFD[1]'}),
    );
  });

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['an object', {}],
    ['content', [{}, {}]],
    ['something after', [{}, {}, 1, 1]],
    ['no mark of changes', [{}, {}, 0]],
    ['Tables that are a list', change([])],
    ['Tables that are null', change(null)],
    ['Tables that are deleted', change(DELETED)],
    ['a Table that is a string', change({t: 'x'})],
    ['a Row that is null', change({t: {r: null}})],
    ['a Row that is a list', change({t: {r: []}})],
    ['Values that are deleted', change({}, DELETED)],
    ['a Cell that is undefined', change({t: {r: {c: undefined}}})],
    ['a function', change({}, {v: () => {}})],
    ['a big integer', change({}, {v: 1n})],
  ])('are malformed: %s', (_, changes) => {
    expect(parseChanges(changes)).toBe(undefined);
  });

  test.each([
    ['a number that is not finite', Infinity],
    ['no number', NaN],
    ['an encoded string', '\uFFFD"x"'],
    ['an encoded number', '\uFFFD1'],
    ['an encoded null', '\uFFFDnull'],
    ['an encoded string without JSON', '\uFFFD'],
    ['an encoded string with broken JSON', '\uFFFD{'],
  ])('T3: are malformed as a whole: %s', (_, thing) => {
    const fine = {u: {r: {c: 1}}};
    expect(parseChanges(change({...fine, t: {r: {c: thing}}}))).toBe(undefined);
    expect(parseChanges(change(fine, {v: thing}))).toBe(undefined);
    expect(parseContent([{...fine, t: {r: {c: thing}}}, {}])).toBe(undefined);
    expect(parseContent([fine, {v: thing}])).toBe(undefined);
  });

  test('T3: hold a number beyond the largest as JSON brings it', () => {
    expect(parseChanges(parseJson('[{},{"v":1e999},1]'))).toBe(undefined);
  });

  test('T3: may be nested 100 deep, and are malformed beyond', () => {
    const nest = (depth: number): string =>
      '[{"a":'.repeat(depth / 2) + '1' + '}]'.repeat(depth / 2);
    for (const [depth, isFine] of [
      [100, true],
      [102, false],
      [8_000, false],
      [200_000, false],
    ] as const) {
      const deep = nest(depth);
      const encoded = JSON.stringify('\uFFFD' + deep);
      const accepted = [
        parseChanges(parseJson(`[{},{"v":${deep}},1]`)),
        parseChanges(parseJson(`[{},{"v":${encoded}},1]`)),
        parseContent(parseJson(`[{"t":{"r":{"c":${deep}}}},{}]`)),
        parseContent(parseJson(`[{"t":{"r":{"c":${encoded}}}},{}]`)),
      ].map((parsed) => parsed !== undefined);
      expect([depth, ...accepted]).toEqual([
        depth,
        ...accepted.map(() => isFine),
      ]);
    }
  });

  test('are parsed whatever they are, and never throw', () => {
    fc.assert(
      fc.property(arbitraryMessage, (message) => {
        parseChanges(message);
        parseContent(message);
      }),
      {numRuns: 2_000},
    );
  });

  test('T3: hold only what a Store takes, once parsed', () => {
    fc.assert(
      fc.property(fc.oneof(arbitraryMessage, arbitraryChanges), (message) => {
        const changes = parseChanges(message);
        if (changes) {
          const invalid: unknown[] = [];
          const store = createStore();
          store.addInvalidCellListener(null, null, null, (...call) =>
            invalid.push(call.slice(1)),
          );
          store.addInvalidValueListener(null, (...call) =>
            invalid.push(call.slice(1)),
          );
          applyToStore(store, changes);
          expect(invalid).toEqual([]);
          visitChanges(changes, (tableId, rowId, cellId, atom) => {
            const isThere =
              tableId === null
                ? store.hasValue(rowId!)
                : store.hasCell(tableId, rowId ?? '', cellId ?? '');
            atom === DELETED || expect(isThere).toBe(true);
          });
        }
      }),
      {numRuns: 2_000},
    );
  });

  test('T2: survive JSON and parsing as they are', () => {
    fc.assert(
      fc.property(arbitraryChanges, (changes) => {
        const text = JSON.stringify(changes);
        expect(JSON.stringify(parseChanges(JSON.parse(text)))).toBe(text);
      }),
    );
  });
});

describe('content of a peer', () => {
  test('is taken where it is well-formed, and encoded', () => {
    expect(parseContent([{t: {r: {c: [1]}}}, {v: true}])).toEqual([
      {t: {r: {c: '\uFFFD[1]'}}},
      {v: true},
    ]);
  });

  test('T3: has no deletions', () => {
    expect(parseContent([{t: DELETED}, {}])).toBe(undefined);
    expect(parseContent([{t: {r: DELETED}}, {}])).toBe(undefined);
    expect(parseContent([{t: {r: {c: DELETED}}}, {}])).toBe(undefined);
    expect(parseContent([{}, {v: DELETED}])).toBe(undefined);
  });

  test('is malformed where it is changes', () => {
    expect(parseContent([{}, {}, 1])).toBe(undefined);
  });

  test('is what a Store gets and gives', () => {
    fc.assert(
      fc.property(arbitraryContent, (content) => {
        const parsed = parseContent(JSON.parse(JSON.stringify(content)))!;
        const store = createStore();
        applyToStore(store, [...parsed, 1]);
        expect(canonicalize(JSON.parse(store.getJson()))).toBe(
          canonicalize(content),
        );
      }),
    );
  });
});

test('text that is not JSON parses to nothing', () => {
  expect(parseJson('[1')).toBe(undefined);
  expect(parseJson('')).toBe(undefined);
  expect(parseJson('[1]')).toEqual([1]);
});
