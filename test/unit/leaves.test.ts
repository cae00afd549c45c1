import {describe, expect, test} from 'vitest';
import {createLeaves, type Leaves} from '../../src/client/leaves.js';
import {DELETED} from '../../src/protocol/changes.js';

const list = (leaves: Leaves, ...place: any[]): unknown[] => {
  const found: unknown[] = [];
  leaves.forEach((...leaf) => found.push(leaf), ...place);
  return found;
};

const create = (...things: any[][]): Leaves => {
  const leaves = createLeaves();
  things.forEach(([tableId, rowId, cellId, thing]) =>
    leaves.set(tableId, rowId, cellId, thing),
  );
  return leaves;
};

describe('leaves', () => {
  test('are visited in the order in which their Tables and Rows came', () => {
    const leaves = create(
      ['t', 'r', 'c', 1],
      [null, 'v', '', 2],
      ['t', 's', 'c', 3],
      ['t', 'r', 'd', null],
      ['t', 'r', 'c', false],
    );
    expect(list(leaves)).toEqual([
      ['t', 'r', 'c', false],
      ['t', 'r', 'd', null],
      ['t', 's', 'c', 3],
      [null, 'v', '', 2],
    ]);
    expect(list(leaves, 't')).toHaveLength(3);
    expect(list(leaves, 't', 'r')).toHaveLength(2);
    expect(list(leaves, 't', 'r', 'd')).toEqual([['t', 'r', 'd', null]]);
    expect(list(leaves, 't', 'r', 'e')).toEqual([]);
    expect(list(leaves, 'u', 'r')).toEqual([]);
    expect(list(leaves, null)).toEqual([[null, 'v', '', 2]]);
  });

  test('T2: have any id', () => {
    const leaves = create(
      ['', '', '', 1],
      ['__proto__', 'constructor', 'undefined', 2],
      ['null', 'v', '', 3],
    );
    expect(leaves.get('', '', '')).toBe(1);
    expect(leaves.get('__proto__', 'constructor', 'undefined')).toBe(2);
    expect(leaves.get('__proto__', 'constructor')).toBeUndefined();
    expect(leaves.has(null)).toBe(false);
  });

  test('are found for a Cell, or for all its Row or Table', () => {
    const leaves = create(
      ['t', undefined, undefined, DELETED],
      ['t', 'r', undefined, 'row'],
      ['t', 'r', 'c', null],
    );
    expect(leaves.find('t', 'r', 'c')).toBe(null);
    expect(leaves.find('t', 'r', 'd')).toBe('row');
    expect(leaves.find('t', 's', 'c')).toBe(DELETED);
    expect(leaves.find('t', 's')).toBe(DELETED);
    expect(leaves.find('u', 'r', 'c')).toBeUndefined();
    expect(leaves.get('t', 's', 'c')).toBeUndefined();
  });

  test('give way to the deletion of their Row or Table', () => {
    const leaves = create(
      ['t', 'r', 'c', 1],
      ['t', 's', 'c', 1],
      ['t', 'r', undefined, DELETED],
    );
    expect(list(leaves)).toEqual([
      ['t', 's', 'c', 1],
      ['t', 'r', undefined, DELETED],
    ]);
    leaves.set('t', undefined, undefined, DELETED);
    leaves.set('t', 's', 'c', 2);
    expect(list(leaves)).toEqual([
      ['t', undefined, undefined, DELETED],
      ['t', 's', 'c', 2],
    ]);
  });

  test('leave nothing behind when they are taken away', () => {
    const leaves = create(['t', 'r', 'c', 1], ['t', 'r', 'd', 1]);
    leaves.set('t', 'r', 'c', undefined);
    leaves.set('t', 'none', 'c', undefined);
    expect(list(leaves)).toEqual([['t', 'r', 'd', 1]]);
    expect(leaves.has('t')).toBe(true);
    leaves.set('t', 'r', 'd', undefined);
    leaves.set('u', 'r', 'd', undefined);
    expect(leaves.has('t')).toBe(false);
    expect(leaves.has('u')).toBe(false);
  });

  test('may be set and taken away while they are visited', () => {
    const leaves = create(['t', 'r', 'c', 1], ['t', 'r', 'd', 1]);
    leaves.forEach((tableId, rowId, cellId, thing) => {
      expect(thing).toBe(1);
      leaves.set(tableId, rowId, cellId, cellId == 'c' ? 2 : undefined);
    });
    expect(list(leaves)).toEqual([['t', 'r', 'c', 2]]);
  });
});
