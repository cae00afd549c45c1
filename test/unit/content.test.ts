import fc from 'fast-check';
import {createStore} from 'tinybase';
import {describe, expect, test} from 'vitest';
import {
  addLeaf,
  type Changes,
  type Content,
  createChanges,
  decodeAtom,
  DELETED,
  encodeAtom,
  visitChanges,
} from '../../src/protocol/changes.js';
import {
  applyToContent,
  decodeContent,
  getContentLeaf,
  getOwn,
  patchContent,
} from '../../src/protocol/content.js';
import {applyToStore} from '../../src/server/live-store.js';
import {
  arbitraryChanges,
  arbitraryContent,
} from '../support/arbitrary-changes.js';
import {canonicalize} from '../support/content.js';

describe('a Cell or Value', () => {
  test('T1: travels as it is where it is a JSON primitive', () => {
    [null, true, false, 0, -1.5, '', 'text'].forEach((thing) => {
      expect(encodeAtom(thing)).toBe(thing);
      expect(decodeAtom(thing)).toBe(thing);
    });
  });

  test('T1: travels as U+FFFD and JSON where it is an object or array', () => {
    expect(encodeAtom({a: [1, null]})).toBe('\uFFFD{"a":[1,null]}');
    expect(encodeAtom([])).toBe('\uFFFD[]');
    expect(decodeAtom('\uFFFD{"a":[1,null]}')).toEqual({a: [1, null]});
  });

  test('T1: is encoded as TinyBase itself encodes it', () => {
    fc.assert(
      fc.property(
        fc.json().map((text) => JSON.parse(text)),
        (thing) => {
          fc.pre(typeof thing == 'object' && thing !== null);
          const store = createStore().setValue('v', thing);
          expect(JSON.parse(store.getJson())).toEqual([
            {},
            {v: encodeAtom(thing)},
          ]);
          expect(decodeAtom(encodeAtom(thing))).toEqual(store.getValue('v'));
        },
      ),
    );
  });
});

describe('changes', () => {
  test('are visited Tables first, each at its depth', () => {
    const visited: unknown[] = [];
    visitChanges(
      [{t: {r: {c: 1}, s: DELETED}, u: DELETED}, {v: null}, 1],
      (...change) => visited.push(change),
    );
    expect(visited).toEqual([
      ['t', 'r', 'c', 1],
      ['t', 's', undefined, DELETED],
      ['u', undefined, undefined, DELETED],
      [null, 'v', '', null],
    ]);
  });

  test('T2: take Cells and Values under any id', () => {
    const changes = createChanges();
    addLeaf(changes, '__proto__', '', 'constructor', 1);
    addLeaf(changes, null, '__proto__', '', 2);
    expect(JSON.stringify(changes)).toBe(
      '[{"__proto__":{"":{"constructor":1}}},{"__proto__":2},1]',
    );
  });
});

describe('content', () => {
  test('T2: has no id that nobody has set', () => {
    const content: Content = [{t: {r: {c: 1}}}, {}];
    expect(getContentLeaf(content, 'constructor', 'name', 'length')).toBe(
      undefined,
    );
    expect(getContentLeaf(content, '__proto__', 'r', 'c')).toBe(undefined);
    expect(getContentLeaf(content, null, 'toString', '')).toBe(undefined);
    expect(getOwn(undefined, 'a')).toBe(undefined);
    expect(getContentLeaf(content, 't', 'r', 'c')).toBe(1);
  });

  test('T2: takes __proto__ as an id, and harms no prototype', () => {
    const content: Content = [{}, {}];
    patchContent(content, '__proto__', '__proto__', '__proto__', 1);
    patchContent(content, null, '__proto__', '', 2);
    expect(JSON.stringify(content)).toBe(
      '[{"__proto__":{"__proto__":{"__proto__":1}}},{"__proto__":2}]',
    );
    expect(Object.getPrototypeOf(content[0])).toBe(Object.prototype);
    patchContent(content, '__proto__', '__proto__', '__proto__', DELETED);
    patchContent(content, null, '__proto__', '', DELETED);
    expect(JSON.stringify(content)).toBe('[{},{}]');
  });

  test('keeps no empty Row or Table', () => {
    const content: Content = [{t: {r: {c: 1}}}, {}];
    patchContent(content, 't', 'r', 'c', DELETED);
    patchContent(content, 'u', 'r', 'c', DELETED);
    patchContent(content, 'u', 'r', undefined, DELETED);
    patchContent(content, 'u', undefined, undefined, DELETED);
    expect(content).toEqual([{}, {}]);
  });

  test('is decoded in place', () => {
    const content: Content = [
      {t: {r: {c: '\uFFFD[1]'}}},
      JSON.parse('{"__proto__":"\uFFFD{}"}'),
    ];
    decodeContent(content);
    expect(JSON.stringify(content)).toBe(
      '[{"t":{"r":{"c":[1]}}},{"__proto__":{}}]',
    );
  });

  test('T2: changes with changes as a Store does', () => {
    fc.assert(
      fc.property(
        arbitraryContent,
        fc.array(arbitraryChanges, {maxLength: 4}),
        (content, sequence) => {
          const store = createStore();
          const seed: Changes = [...structuredClone(content), 1];
          [seed, ...sequence].forEach((changes) =>
            applyToStore(store, changes),
          );
          const applied = structuredClone(content);
          sequence.forEach((changes) => applyToContent(applied, changes));
          expect(canonicalize(applied)).toBe(
            canonicalize(JSON.parse(store.getJson())),
          );
        },
      ),
      {numRuns: 500},
    );
  });
});
