import fc from 'fast-check';
import {createStore, type Store} from 'tinybase';
import {describe, expect, test, vi} from 'vitest';
import type {Changes} from '../../src/protocol/changes.js';
import {authorise, type Hooks} from '../../src/server/authorise.js';
import {applyToStore} from '../../src/server/live-store.js';
import {
  arbitraryChanges,
  arbitraryContent,
} from '../support/arbitrary-changes.js';

const DEL = '\uFFFC';

/** Hooks which say yes but where told, and note what they are asked. */
const createHooks = (refuse: (call: string) => unknown = () => false) => {
  const calls: string[] = [];
  const hook =
    (name: string, idCount: number) =>
    async (...args: any[]) => {
      const call = [name, ...args.slice(0, idCount)].join(' ');
      calls.push(call);
      return !refuse(call);
    };
  const hooks: Hooks = {
    canSetTable: hook('canSetTable', 1),
    canDelTable: hook('canDelTable', 1),
    canSetRow: hook('canSetRow', 2),
    canDelRow: hook('canDelRow', 2),
    canSetCell: hook('canSetCell', 3),
    canDelCell: hook('canDelCell', 3),
    canSetValue: hook('canSetValue', 1),
    canDelValue: hook('canDelValue', 1),
  };
  return {hooks, calls};
};

const CONTENT: any = [{t: {r: {a: 1, b: 2}, s: {a: 3}}}, {v: 1, w: 2}];

const ask = async (
  changes: Changes,
  refuse?: (call: string) => unknown,
  store: Store = createStore().setContent(structuredClone(CONTENT)),
) => {
  const {hooks, calls} = createHooks(refuse);
  const {accepted, refused} = await authorise(changes, {
    hooks,
    store,
    who: 'somebody',
    initialSave: false,
  });
  return {accepted: JSON.parse(JSON.stringify(accepted)), refused, calls};
};

describe('hooks', () => {
  test('P4: are asked for all that changes, and let it through', async () => {
    const changes: Changes = [
      {t: {r: {a: 5, b: DEL}}, u: {r: {c: null}}},
      {v: DEL, x: 1},
      1,
    ];
    const {accepted, refused, calls} = await ask(changes);
    expect(accepted).toEqual(changes);
    expect(refused).toBe(false);
    expect(calls.sort()).toEqual([
      'canDelCell t r b',
      'canDelValue v',
      'canSetCell t r a',
      'canSetCell u r c',
      'canSetRow t r',
      'canSetRow u r',
      'canSetTable t',
      'canSetTable u',
      'canSetValue x',
    ]);
  });

  test.each<[string, Changes[0], Changes[1]]>([
    ['canSetTable t', {u: {r: {a: 1}}}, {v: 5}],
    ['canSetRow t r', {t: {s: {a: 5}}, u: {r: {a: 1}}}, {v: 5}],
    ['canSetCell t r a', {t: {r: {c: 5}, s: {a: 5}}, u: {r: {a: 1}}}, {v: 5}],
    ['canSetValue v', {t: {r: {a: 5, c: 5}, s: {a: 5}}, u: {r: {a: 1}}}, {}],
  ])('P4: refuse by %s, and the rest applies', async (call, ...expected) => {
    const {accepted, refused} = await ask(
      [{t: {r: {a: 5, c: 5}, s: {a: 5}}, u: {r: {a: 1}}}, {v: 5}, 1],
      (called) => called == call,
    );
    expect(accepted).toEqual([...expected, 1]);
    expect(refused).toBe(true);
  });

  test('P7: see objects and arrays as such, and what was there', async () => {
    const seen: unknown[] = [];
    const store = createStore().setCell('t', 'r', 'c', {old: 1});
    const {hooks} = createHooks();
    hooks.canSetCell = (...args) => !!seen.push(args);
    hooks.canSetValue = (...args) => !!seen.push(args);
    await authorise(
      [{t: {r: {c: '\uFFFD{"new":1}'}}}, {v: '\uFFFD[1]', w: null}, 1],
      {hooks, store, who: 'who', initialSave: true},
    );
    expect(seen).toEqual([
      ['t', 'r', 'c', {new: 1}, true, 'who', {old: 1}],
      ['v', [1], true, 'who', undefined],
      ['w', null, true, 'who', undefined],
    ]);
  });

  test('P8: are asked for the Rows of a Table, and their Cells', async () => {
    const {accepted, calls} = await ask([{t: DEL}, {}, 1]);
    expect(accepted).toEqual([{t: DEL}, {}, 1]);
    expect(calls.sort()).toEqual([
      'canDelCell t r a',
      'canDelCell t r b',
      'canDelCell t s a',
      'canDelRow t r',
      'canDelRow t s',
      'canDelTable t',
    ]);
  });

  test.each([
    ['canDelTable t', {}],
    ['canDelRow t r', {t: {s: DEL}}],
    ['canDelCell t r a', {t: {s: DEL}}],
    ['canDelCell t s a', {t: {r: DEL}}],
  ])('P8: keep what %s keeps of a deleted Table', async (call, tables) => {
    const {accepted, refused} = await ask(
      [{t: DEL}, {}, 1],
      (called) => called == call,
    );
    expect([accepted, refused]).toEqual([[tables, {}, 1], true]);
  });

  test('P8: keep a Row whose last Cells are deleted one by one', async () => {
    const refuse = (call: string) => call == 'canDelRow t r';
    const {accepted, refused} = await ask(
      [{t: {r: {a: DEL, b: DEL}}}, {}, 1],
      refuse,
    );
    expect([accepted, refused]).toEqual([[{}, {}, 1], true]);
    expect((await ask([{t: {r: {a: DEL}}}, {}, 1], refuse)).refused).toBe(
      false,
    );
    expect(
      (await ask([{t: {r: {a: DEL, b: DEL, c: 1}}}, {}, 1], refuse)).refused,
    ).toBe(false);
  });

  test('P8: keep a Table whose last Rows are deleted one by one', async () => {
    const refuse = (call: string) => call == 'canDelTable t';
    for (const rows of [
      {r: DEL, s: DEL},
      {r: {a: DEL, b: DEL}, s: DEL},
      {r: {a: DEL, b: DEL}, s: {a: DEL}},
    ]) {
      const {accepted, refused} = await ask([{t: rows} as any, {}, 1], refuse);
      expect([accepted, refused]).toEqual([[{}, {}, 1], true]);
    }
    for (const rows of [{r: DEL}, {r: DEL, s: DEL, u: {a: 1}}]) {
      const {refused} = await ask([{t: rows} as any, {}, 1], refuse);
      expect(refused).toBe(false);
    }
  });

  test('P8: let go what is not there', async () => {
    const {accepted} = await ask([
      {x: DEL, t: {x: DEL, r: {x: DEL}}},
      {x: DEL},
      1,
    ]);
    expect(accepted[1]).toEqual({x: DEL});
  });

  test('P9: refuse by throwing', async () => {
    const error = new Error('A hook of the app failed');
    await expect(
      ask([{}, {v: 5}, 1], () => {
        throw error;
      }),
    ).rejects.toBe(error);
  });

  test('T2: are asked for any id', async () => {
    const changes = JSON.parse(
      '[{"__proto__":{"constructor":{"__proto__":1}}},{"__proto__":2},1]',
    );
    const {accepted, calls} = await ask(changes);
    expect(JSON.stringify(accepted)).toBe(JSON.stringify(changes));
    expect(calls).toContain('canSetCell __proto__ constructor __proto__');
  });

  test('P8: keep each thing that may not be deleted, by any way', async () => {
    const kept = (name: string, ids: string) => `${name} ${ids}`;
    await fc.assert(
      fc.asyncProperty(
        arbitraryContent,
        arbitraryChanges,
        fc.nat(),
        fc.constantFrom('Table', 'Row', 'Cell', 'Value'),
        async (content, changes, pick, what) => {
          const store = createStore();
          applyToStore(store, [...structuredClone(content), 1] as Changes);
          const paths: string[][] = [];
          if (what == 'Value') {
            store.getValueIds().forEach((id) => paths.push([id]));
          } else {
            store.forEachTable((t, forEachRow) => {
              what == 'Table' && paths.push([t]);
              forEachRow((r, forEachCell) => {
                what == 'Row' && paths.push([t, r]);
                forEachCell((c) => what == 'Cell' && paths.push([t, r, c]));
              });
            });
          }
          fc.pre(paths.length > 0);
          const path = paths[pick % paths.length]!;
          const has = () =>
            ({
              Table: () => store.hasTable(path[0]!),
              Row: () => store.hasRow(path[0]!, path[1]!),
              Cell: () => store.hasCell(path[0]!, path[1]!, path[2]!),
              Value: () => store.hasValue(path[0]!),
            })[what]();
          const {hooks} = createHooks(
            (call) => call == kept(`canDel${what}`, path.join(' ')),
          );
          expect(has()).toBe(true);
          const {accepted} = await authorise(changes, {
            hooks,
            store,
            who: null,
            initialSave: false,
          });
          applyToStore(store, accepted);
          expect(has()).toBe(true);
        },
      ),
      {numRuns: 1_000},
    );
  });

  test('take no longer where the Table has many more Rows', async () => {
    const store = createStore().setTable(
      't',
      Object.fromEntries(
        Array.from({length: 1_000}, (_, row) => [`r${row}`, {c: row}]),
      ),
    );
    const getRowIds = vi.fn(store.getRowIds);
    const {hooks} = createHooks();
    const changes: any = [{t: {r1: '\uFFFC', r2: {c: 1}}}, {}, 1];
    const {accepted} = await authorise(changes, {
      hooks,
      store: {...store, getRowIds},
      who: null,
      initialSave: false,
    });
    expect(accepted[0]).toEqual(changes[0]);
    expect(getRowIds).not.toHaveBeenCalled();
  });
});
