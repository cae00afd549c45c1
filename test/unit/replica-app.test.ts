/** What an app does within the transactions that write the room's changes. */
import {createStore, type Store} from 'tinybase';
import {createMiddleware} from 'tinybase/middleware';
import {describe, expect, test} from 'vitest';
import {createLeaves} from '../../src/client/leaves.js';
import {createReplica} from '../../src/client/replica.js';
import {type Changes, DELETED} from '../../src/protocol/changes.js';
import {settle} from '../support/scripted-world.js';

const createTold = (store: Store = createStore()) => {
  const told: any[] = [];
  const errors: unknown[] = [];
  const replica = createReplica(
    store,
    (changes) => told.push(JSON.parse(JSON.stringify(changes))),
    (error) => errors.push(error),
  );
  replica.capture(true);
  const {overlay} = replica;
  return {
    store,
    replica,
    told,
    errors,

    /** A commit of the room arrives. */
    commit: (...tables: any[]) => {
      const target = createLeaves();
      tables.forEach((things) => overlay.advance([things, {}, 1], target));
      replica.write(target);
    },

    /** The room refuses pushes. */
    refuse: (...pushes: Changes[]) => {
      const refused = createLeaves();
      const target = createLeaves();
      overlay.uncover(pushes, target, refused);
      replica.write(target, refused);
    },
  };
};

/** Some Cells of the room's, and an app that listens to one of them. */
const createListening = (listen: (store: Store) => void) => {
  const scripted = createTold();
  const {store, commit} = scripted;
  commit({t: {r: {c: 1, d: 1}, s: {c: 1}}});
  store.addCellListener('t', 'r', 'c', () => listen(store), true);
  return scripted;
};

describe('a listener that sets back what the room has written', () => {
  const createInsisting = () =>
    createListening((store) => store.setCell('t', 'r', 'c', 1));

  test('C3: makes a local change of it', () => {
    const {store, told, commit} = createInsisting();
    commit({t: {r: {c: 2}}});
    expect(store.getCell('t', 'r', 'c')).toBe(1);
    expect(told).toEqual([[{t: {r: {c: 1}}}, {}, 1]]);
  });

  test.each<[string, any[]]>([
    ['Table', [{t: DELETED}]],
    ['Row', [{t: {r: DELETED}}]],
    ['Table, and its Rows once more', [{t: DELETED}, {t: {s: DELETED}}]],
    ['Table, and set anew', [{t: DELETED}, {t: {s: {c: 1}}}]],
  ])('C3: makes one of what was in a deleted %s', (_, tables) => {
    const {told, replica, commit} = createInsisting();
    commit(...tables);
    expect(told).toEqual([[{t: {r: {c: 1}}}, {}, 1]]);
    expect(replica.overlay.truth.get('t', 'r', 'c')).toBe(DELETED);
  });

  test('C5: makes none of what was refused just now', () => {
    const {store, told, refuse} = createTold();
    store.setValue('v', 1);
    store.addValueListener('v', () => store.setValue('v', 1), true);
    refuse(told[0]);
    expect(told).toEqual([[{}, {v: 1}, 1]]);
  });
});

describe('middleware that keeps something of the room out', () => {
  test.each<[string, any]>([
    ['a Cell', {t: {r: {c: 2}}}],
    ['a deleted Row', {t: {r: DELETED}}],
    ['a deleted Table', {t: DELETED}],
  ])('C3: makes no local change of it: %s', (_, tables) => {
    const {store, told, commit} = createTold();
    commit({t: {r: {c: 1}}});
    createMiddleware(store)
      .addWillSetCellCallback(() => undefined)
      .addWillDelTableCallback(() => false)
      .addWillDelRowCallback(() => false);
    commit(tables);
    expect(store.getTables()).toEqual({t: {r: {c: 1}}});
    expect(told).toEqual([]);
  });
});

describe('a listener that throws', () => {
  const createThrowing = () =>
    createListening(() => {
      throw new Error('A listener of the app failed');
    });

  test('C2: costs the room no Cell but that one', () => {
    const {store, told, errors, commit} = createThrowing();
    commit({t: {r: {c: 2, d: 2}, s: {c: 2}}});
    expect(store.getTables()).toEqual({t: {r: {c: 1, d: 2}, s: {c: 2}}});
    expect(errors).toHaveLength(1);
    expect(told).toEqual([]);
  });

  test.each<[string, any, any]>([
    ['Table', {t: DELETED}, {r: {c: 1}}],
    ['Row', {t: {r: DELETED}}, {r: {c: 1}, s: {c: 1}}],
  ])('C2: keeps of a deleted %s no Cell but that one', (_, tables, left) => {
    const {store, told, errors, commit} = createThrowing();
    commit(tables);
    expect(store.getTables()).toEqual({t: left});
    expect(errors).toHaveLength(1);
    expect(told).toEqual([]);
  });
});

describe('a transaction that the app has left open', () => {
  test("C3: tells of what is the app's alone", () => {
    const {store, told, commit} = createTold();
    store.startTransaction().setCell('t', 'r', 'mine', 1);
    commit({t: {r: {theirs: 1}}});
    store.finishTransaction();
    expect(store.getRow('t', 'r')).toEqual({mine: 1, theirs: 1});
    expect(told).toEqual([[{t: {r: {mine: 1}}}, {}, 1]]);
  });

  test('C2: takes nothing of the room back that it rolls back', async () => {
    const {store, replica, told, commit} = createTold();
    commit({t: {r: {a: 1, b: 1}}, u: {r: {a: 1}}});
    store.startTransaction().setCell('t', 'r', 'mine', 1);
    commit({t: {r: {a: 2, b: 2}}, u: DELETED});
    store.finishTransaction(() => true);
    store.setCell('t', 'r', 'b', 'since');
    await settle();
    expect(store.getTables()).toEqual({t: {r: {a: 2, b: 'since'}}});
    expect(told).toEqual([[{t: {r: {b: 'since'}}}, {}, 1]]);
    expect(replica.overlay.truth.get('t', 'r', 'b')).toBe(2);
  });

  test('C3: tells of no Cell that the room has deleted after the app', () => {
    const {store, replica, told, commit} = createTold();
    store.startTransaction();
    commit({t: {r: {c: 1}}});
    store.delTable('t');
    commit({t: {r: DELETED}});
    store.finishTransaction();
    expect(store.getTables()).toEqual({});
    expect(told).toEqual([]);
    expect(replica.overlay.truth.has('t')).toBe(false);
  });
});
