/** What changes take away of a snapshot, by an estimate. */
import {serialize} from 'node:v8';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {Content} from '../../src/protocol/changes.js';
import {Layout} from '../../src/server/storage/layout.js';
import {encodeSnapshot} from '../../src/server/storage/snapshot.js';
import {type WeightList, Weights} from '../../src/server/storage/weights.js';
import {
  arbitraryChanges,
  arbitraryContent,
} from '../support/arbitrary-changes.js';

const DELETED = '\uFFFC';

const weigh = (tables: any, values: any = {}) => {
  const content: Content = [tables, values];
  const {bytes, weights} = encodeSnapshot(content, new Layout(''), 1).head;
  return {bytes, list: weights, weights: new Weights(structuredClone(weights))};
};

const createThings = (count: number, thing: unknown, prefix = 'r'): any =>
  Object.fromEntries(
    Array.from({length: count}, (_, id) => [`${prefix}${id}`, thing]),
  );

const takeTables = (weights: Weights, tables: any): number =>
  weights.take([tables, {}, 1]);
const takeValues = (weights: Weights, values: any): number =>
  weights.take([{}, values, 1]);

const sumBytes = ({list, others}: WeightList): number =>
  list.reduce((sum, [, , bytes]) => sum + bytes, others[1]);

/** A text of many lengths, and so Rows and Values that are large or not. */
const enlarge = <Thing>(content: Thing, unit: string): Thing =>
  JSON.parse(JSON.stringify(content).replaceAll('"x"', `"${unit}"`));

describe('the weights of a snapshot', () => {
  test('S8: never take more than there is, whatever is taken', () => {
    fc.assert(
      fc.property(
        arbitraryContent,
        fc.array(arbitraryChanges, {maxLength: 8}),
        fc.constantFrom('x', 'é'.repeat(40), 'y'.repeat(20_000)),
        ([tables, values], changes, unit) => {
          const content: Content = enlarge([tables, values], unit);
          const {weights, bytes, list} = weigh(...content);
          // But for the lines of segments and what joins them.
          expect(sumBytes(list)).toBeLessThanOrEqual(bytes);
          expect(sumBytes(list)).toBeGreaterThan(bytes - 100);
          let taken = 0;
          for (const one of changes) {
            const more = weights.take(one);
            expect(more).toBeGreaterThanOrEqual(0);
            taken += more;
          }
          expect(taken).toBeLessThanOrEqual(sumBytes(list) + 1e-6);
          const rest = Object.fromEntries(
            Object.keys(content[0]).map((id) => [id, DELETED]),
          );
          taken += takeTables(weights, rest);
          expect(taken).toBeLessThanOrEqual(sumBytes(list) + 1e-6);
        },
      ),
      {numRuns: 500},
    );
  });

  test('S8: are exact for whole Tables, large Rows and all', () => {
    const tables = {
      even: createThings(1_000, {c: 'x'.repeat(100)}),
      uneven: {
        ...createThings(100, {c: 1}),
        ...createThings(100, {c: 'x'.repeat(50_000)}, 'large'),
        ...createThings(10, {a: '', b: 'x'.repeat(3_000)}, 'middle'),
      },
      ['__proto__']: createThings(3, {c: 1}),
    };
    const {weights, list, bytes} = weigh(tables);
    const expected = weigh({uneven: tables.uneven}).bytes;
    const taken = takeTables(weights, {uneven: DELETED});
    expect(taken).toBeGreaterThan(expected - 500 * 3);
    expect(taken).toBeLessThanOrEqual(expected);
    // None of it is there any more.
    expect(takeTables(weights, {uneven: DELETED})).toBe(0);
    expect(takeTables(weights, {uneven: {large1: DELETED, r1: DELETED}})).toBe(
      0,
    );
    const rest = {even: DELETED, ['__proto__']: DELETED, uneven: DELETED};
    expect(taken + takeTables(weights, rest)).toBeCloseTo(sumBytes(list), 3);
    expect(bytes - sumBytes(list)).toBeLessThan(2_000);
  });

  test('S8: are exact for large Rows and Values', () => {
    const {weights} = weigh(
      {
        t: {
          ...createThings(500, {c: 1}),
          large: {c: 'x'.repeat(50_000), d: 'x'.repeat(9_000), e: 1},
        },
      },
      {v: 'é'.repeat(20_000), ...createThings(100, 1, 'v')},
    );
    const large = takeTables(weights, {t: {large: DELETED}});
    expect(large).toBeGreaterThan(59_000);
    expect(large).toBeLessThan(59_100);
    expect(takeTables(weights, {t: {large: DELETED}})).toBe(0);
    expect(takeValues(weights, {v: DELETED})).toBeGreaterThan(39_000 / 2);
    expect(takeTables(weights, {t: {r1: DELETED}})).toBeLessThan(20);
    expect(takeValues(weights, {v1: DELETED})).toBeLessThan(20);
  });

  test('S8: count what is gone of many Tables', () => {
    const tables = createThings(1_000, createThings(20, {c: 'x'.repeat(90)}));
    const {weights, bytes} = weigh(tables);
    let taken = 0;
    for (let i = 0; i < 900; i++) {
      taken += takeTables(weights, {[`r${i}`]: DELETED});
    }
    expect(taken / bytes).toBeGreaterThan(0.85);
    expect(taken / bytes).toBeLessThanOrEqual(0.9);
    // By Rows and Cells, too.
    const again = weigh(tables);
    taken = 0;
    for (let i = 0; i < 900; i++) {
      const rows = createThings(10, DELETED);
      taken += takeTables(again.weights, {
        [`r${i}`]: {...rows, ...createThings(5, {c: ''}, 'r1')},
      });
    }
    expect(taken / bytes).toBeGreaterThan(0.5);
    expect(taken / bytes).toBeLessThanOrEqual(0.675);
  });

  test('S8: count what is gone of a Table with a very long id', () => {
    const id = 'x'.repeat(300);
    const {weights, bytes} = weigh({
      [id]: createThings(1_000, {c: 'x'.repeat(100)}),
    });
    expect(takeTables(weights, {[id]: DELETED}) / bytes).toBeGreaterThan(0.95);
  });

  test('S8: count what is gone of more large Rows than they name', () => {
    const large = createThings(500, {c: 'x'.repeat(20_000)});
    const {weights, bytes} = weigh({t: large});
    const rows = createThings(450, DELETED);
    expect(takeTables(weights, {t: rows}) / bytes).toBeGreaterThan(0.88);
    const tables = createThings(500, {r: {c: 'x'.repeat(20_000)}});
    const other = weigh(tables);
    expect(
      takeTables(other.weights, createThings(450, DELETED)) / other.bytes,
    ).toBeGreaterThan(0.88);
  });

  test.each<[what: string, row: object]>([
    ['of middle length', {text: 'x'.repeat(9_000), n: 1, done: false}],
    ['large by itself', {text: 'x'.repeat(200_000), n: 1, done: false}],
    ['long twice', {text: 'x'.repeat(30_000), html: 'x'.repeat(30_000), n: 1}],
  ])(
    'S2: do not take a short Cell for a long one beside it: %s',
    (_, row: any) => {
      const {weights} = weigh({t: createThings(8, row), u: {r: {n: 1}}});
      const many = weigh(createThings(60, createThings(3, row), 't')).weights;
      for (let i = 0; i < 60; i++) {
        const rows = {[`r${i % 8}`]: {n: i, done: true}};
        expect(takeTables(weights, {t: rows})).toBe(0);
        expect(takeTables(many, {[`t${i}`]: rows})).toBe(0);
      }
      const long = createThings(8, {text: ''});
      expect(takeTables(weights, {t: long})).toBeGreaterThan(
        8 * (row.text.length - 100),
      );
      expect(takeTables(many, {t7: {r1: {text: ''}}})).toBeGreaterThan(
        row.text.length - 100,
      );
    },
  );

  test('S2: do not take a short Value for a long one', () => {
    const {weights} = weigh(
      {},
      {doc: 'x'.repeat(15_000), text: 'x'.repeat(40_000), n: 1, m: 2},
    );
    for (let i = 0; i < 100; i++) {
      expect(takeValues(weights, {n: i, m: -i, other: true})).toBe(0);
    }
    expect(takeValues(weights, {doc: DELETED})).toBeGreaterThan(14_900);
    expect(takeValues(weights, {text: ''})).toBeGreaterThan(39_900);
  });

  test('S2: take nothing for what is about as long, or was not there', () => {
    const {weights} = weigh({t: createThings(100, {c: 'x'.repeat(100)})}, {});
    expect(takeTables(weights, {t: {r1: {c: 'y'.repeat(60)}}})).toBe(0);
    expect(takeTables(weights, {t: {r1: {new: 1}}})).toBe(0);
    expect(takeTables(weights, {u: {r1: DELETED, r2: {c: ''}}})).toBe(0);
    expect(takeTables(weights, {u: DELETED})).toBe(0);
    expect(takeValues(weights, {v: DELETED})).toBe(0);
    expect(takeTables(new Weights(), {t: DELETED, u: {r: DELETED}})).toBe(0);
  });

  test('S2: take a Cell once, however often it is set', () => {
    const {weights} = weigh({
      t: createThings(10, {a: 'x'.repeat(100), b: 'x'.repeat(1_000)}),
    });
    let taken = 0;
    for (let i = 0; i < 100; i++) {
      taken += takeTables(weights, {t: {r1: {a: ''}}});
    }
    expect(taken).toBeGreaterThan(900);
    expect(taken).toBeLessThanOrEqual(1_010);
  });

  test('S8: are a list that a head has room for, whatever the ids', () => {
    const unit = '€';
    const row = {
      ...createThings(40, 'x'.repeat(400), unit.repeat(57)),
      ...createThings(3, 'x'.repeat(500), unit.repeat(2_000)),
    };
    const tables = createThings(
      80,
      createThings(3, row, unit.repeat(95)),
      unit.repeat(95),
    );
    const {list} = weigh(
      {...tables, ...createThings(40, createThings(10, row), unit.repeat(195))},
      createThings(200, 'x'.repeat(20_000), unit.repeat(190)),
    );
    expect(list.list.filter(([, rowId]) => rowId === null)).toHaveLength(33);
    expect(list.list.filter(([, rowId]) => rowId !== null)).toHaveLength(64);
    expect(list.others[0]).toBe(88);
    expect(serialize(list).length).toBeLessThan(110_000);
    for (const [tableId, rowId] of list.list) {
      expect(`${tableId ?? ''}${rowId ?? ''}`.length).toBeLessThanOrEqual(200);
    }
  });

  test('S8: name the largest Tables, Rows and Cells', () => {
    const {list} = weigh(
      Object.fromEntries(
        Array.from({length: 300}, (_, table) => [
          `t${table}`,
          createThings(1 + ((table * 7) % 300), {c: 1}),
        ]),
      ),
    );
    const rows = list.list.map(([, , , count]) => count);
    expect(Math.min(...rows)).toBe(300 - 31);
    const large = weigh({
      t: Object.fromEntries(
        Array.from({length: 100}, (_, row) => [
          `r${row}`,
          {c: 'x'.repeat(20_000 + ((row * 7) % 100))},
        ]),
      ),
    }).list.list.filter(([, rowId]) => rowId !== null);
    expect(Math.min(...large.map(([, , bytes]) => bytes))).toBeGreaterThan(
      20_036,
    );
    const cells = weigh({
      t: createThings(
        9,
        Object.fromEntries(
          Array.from({length: 40}, (_, cell) => [
            `c${cell}`,
            'x'.repeat(1 + ((cell * 7) % 40)),
          ]),
        ),
      ),
    }).list.list[0]![4];
    expect(cells.map(([id]) => id).toSorted()).toEqual(
      // Six that are longest, and all others.
      [null, 'c17', 'c34', 'c11', 'c28', 'c5', 'c22'].toSorted(),
    );
    expect(cells.find(([id]) => id === null)![2]).toBe(34 * 9);
  });
});
