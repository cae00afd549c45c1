/** What kind of room it is: its hooks, its schema, where it stores. */
import {createStore, type Store} from 'tinybase';
import type {Hooks} from '../../src/server/authorise.js';
import type {World} from './world.js';

export type Rules = {
  hasHooks: boolean;
  hasSchema: boolean;
  storagePrefix: string;
  hooks: Hooks;
  createStore: () => Store;
};

/** What a hook refuses; always the same, so that a second asking changes nothing. */
const REFUSED = '!';

const PROTECTED_TABLE = 't2';

export const isRefused = (value: unknown): boolean =>
  JSON.stringify(value ?? null).includes(REFUSED);

/** The Table, Row, Cell or Value around a path that no client may delete. */
export const getProtected = (
  area: string,
  [id, rowId, cellId]: string[],
): string[][] =>
  [
    area == 'v' && id == 'v2' && [area, id],
    area == 't' && id == PROTECTED_TABLE && [area, id],
    rowId == 'r3' && [area, id!, rowId],
    rowId == 'r2' && cellId == 'a' && [area, id!, rowId, cellId],
  ].filter((path) => path !== false);

export const createRules = (
  world: World,
  getStore: () => Store | undefined,
): Rules => {
  const {profile, clock} = world;
  const random = world.random.of('hooks');

  const answer = (verdict: boolean): boolean | Promise<boolean> => {
    world.count(verdict ? 'hook allows' : 'hook refuses');
    switch (profile.hooks) {
      case 'slow':
        return new Promise((resolve) =>
          clock.after(random.delay(5), () => resolve(verdict)),
        );
      case 'mixed':
        return random.chance(0.5) ? verdict : Promise.resolve(verdict);
      default:
        return verdict;
    }
  };
  let tokens = 0;
  const act = () => {
    if (world.fault('hook throws', profile.hookFailures)) {
      throw new Error('Hook failed');
    }
    if (world.fault('hook writes', profile.hookWrites)) {
      getStore()?.setCell('t1', 'r1', 'b', `h#${++tokens}`);
    }
  };

  return {
    hasHooks: profile.hooks != 'none',
    hasSchema: profile.schema != 'none',
    storagePrefix: profile.storagePrefix,
    hooks: {
      canSetTable: (tableId) => answer(tableId != 'refused'),
      canDelTable: (tableId) => answer(tableId != PROTECTED_TABLE),
      canSetRow: () => answer(true),
      canDelRow: (_tableId, rowId) => answer(rowId != 'r3'),
      canSetCell: (_tableId, _rowId, _cellId, cell) => {
        act();
        return answer(!isRefused(cell));
      },
      canDelCell: (_tableId, rowId, cellId) =>
        answer(rowId != 'r2' || cellId != 'a'),
      canSetValue: (_valueId, value) => answer(!isRefused(value)),
      canDelValue: (valueId) => answer(valueId != 'v2'),
    },
    createStore: () => {
      const store = createStore();
      if (profile.schema != 'none') {
        store.setTablesSchema({
          t1: {
            a: {type: 'string', default: 'A'},
            b: {type: 'string'},
            c: {type: 'number', default: 1},
            constructor: {type: 'string', allowNull: true},
          },
          t2: {a: {type: 'string'}, b: {type: 'array', default: []}},
          m: {n: {type: 'number'}},
        } as any);
        if (profile.schema == 'full') {
          store.setValuesSchema({
            v1: {type: 'string', default: 'V'},
            v2: {type: 'string'},
          });
        }
      }
      return store;
    },
  };
};
