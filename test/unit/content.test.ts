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
  ContentPatcher,
  decodeContent,
  getContentLeaf,
  getOwn,
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
    const change = (atom: string): Changes =>
      JSON.parse(
        `[{"__proto__":{"__proto__":{"__proto__":${atom}}}},{"__proto__":${atom}},1]`,
      );
    applyToContent(content, change('1'));
    expect(JSON.stringify(content)).toBe(
      '[{"__proto__":{"__proto__":{"__proto__":1}}},{"__proto__":1}]',
    );
    expect(Object.getPrototypeOf(content[0])).toBe(Object.prototype);
    applyToContent(content, change(`"${DELETED}"`));
    expect(JSON.stringify(content)).toBe('[{},{}]');
  });

  test('keeps no empty Row or Table', () => {
    const content: Content = [{t: {r: {c: 1}}}, {}];
    applyToContent(content, [{t: {r: {c: DELETED}}}, {}, 1]);
    applyToContent(content, [{u: {r: {c: DELETED}}}, {}, 1]);
    applyToContent(content, [{u: {r: DELETED}}, {}, 1]);
    applyToContent(content, [{u: DELETED}, {}, 1]);
    expect(content).toEqual([{}, {}]);
  });

  test('is patched by many deletions in a time that is theirs', () => {
    const ids = Array.from({length: 20_000}, (_, id) => `r${id}`);
    const content: Content = [
      {t: Object.fromEntries(ids.map((id) => [id, {c: 1}]))},
      {},
    ];
    let looked = 0;
    // Whether a Table is empty is found out by all of its keys.
    const table = new Proxy(content[0].t as object, {
      ownKeys: (target) => {
        looked++;
        return Reflect.ownKeys(target);
      },
    });
    content[0].t = table as any;
    const patcher = new ContentPatcher(content);
    ids
      .slice(0, 5_000)
      .forEach((id) => patcher.apply([{t: {[id]: DELETED}}, {}, 1]));
    patcher.finish();
    expect(Object.keys(table)).toHaveLength(15_000);
    expect(looked).toBeLessThan(5);
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
