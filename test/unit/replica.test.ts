import {createStore, type Store} from 'tinybase';
import {describe, expect, test} from 'vitest';
import {createLeaves} from '../../src/client/leaves.js';
import {createReplica} from '../../src/client/replica.js';
import {type Changes, DELETED} from '../../src/protocol/changes.js';
import {setOwn} from '../../src/protocol/content.js';

const createTold = (store: Store = createStore()) => {
  const told: unknown[] = [];
  const replica = createReplica(
    store,
    (changes) => told.push(JSON.parse(JSON.stringify(changes))),
    (error) => {
      throw error;
    },
  );
  replica.capture(true);
  return {
    store,
    replica,
    told,
    /** A commit of the room arrives. */
    commit: (tables: any, values: any = {}) => {
      const target = createLeaves();
      replica.overlay.advance([tables, values, 1] as Changes, target);
      replica.write(target);
    },
  };
};

describe('local changes', () => {
  test('T1: are told encoded, each transaction as one', () => {
    const {store, told} = createTold();
    store.transaction(() => {
      store.setCell('t', 'r', 'c', {a: [1]}).setValue('v', null);
      store.setCell('t', 'r', 'd', 1).delCell('t', 'r', 'd');
    });
    store.setValue('v', []);
    expect(told).toEqual([
      [{t: {r: {c: '\uFFFD{"a":[1]}'}}}, {v: null}, 1],
      [{}, {v: '\uFFFD[]'}, 1],
    ]);
  });

  test('T1: are deletions at the depth where they happened', () => {
    const {store, told} = createTold();
    store.setTables({
      t: {r: {a: 1, b: 2}, s: {a: 1}},
      u: {r: {a: 1}},
    });
    store.setValue('v', 1);
    told.splice(0);
    store.delCell('t', 'r', 'a');
    store.delRow('t', 'r');
    store.delTable('u');
    store.delValue('v');
    expect(told).toEqual([
      [{t: {r: {a: DELETED}}}, {}, 1],
      [{t: {r: DELETED}}, {}, 1],
      [{u: DELETED}, {}, 1],
      [{}, {v: DELETED}, 1],
    ]);
  });

  test('say Cell by Cell what a Row lost that was set again', () => {
    const {store, told} = createTold();
    store.setRow('t', 'r', {a: 1, b: 2});
    store.transaction(() => store.delRow('t', 'r').setRow('t', 'r', {b: 3}));
    expect(told[1]).toEqual([{t: {r: {a: DELETED, b: 3}}}, {}, 1]);
  });

  test('T2: keep ids such as __proto__', () => {
    const {store, told} = createTold();
    store.transaction(() =>
      store.setCell('__proto__', 'constructor', '', 1).setValue('__proto__', 2),
    );
    expect(JSON.stringify(told[0])).toBe(
      '[{"__proto__":{"constructor":{"":1}}},{"__proto__":2},1]',
    );
  });

  test('are not told where nothing has changed', () => {
    const {store, told} = createTold();
    store.setValue('v', 1);
    store.setValue('v', 1);
    store.transaction(() => store.setValue('w', 1).delValue('w'));
    store.transaction(() => {});
    expect(told).toHaveLength(1);
  });

  test('are told only while they are captured', () => {
    const {store, replica, told} = createTold();
    replica.capture(false);
    store.setValue('v', 1);
    replica.capture(true);
    store.setValue('w', 1);
    replica.destroy();
    store.setValue('x', 1);
    expect(told).toEqual([[{}, {w: 1}, 1]]);
  });
});

describe('changes of the room', () => {
  test('are no local changes', () => {
    const {store, told, commit} = createTold();
    commit({t: {r: {c: 1, d: '\uFFFD[1]'}}}, {v: null});
    commit({t: {r: {c: DELETED}}}, {v: DELETED});
    expect(store.getContent()).toEqual([{t: {r: {d: [1]}}}, {}]);
    expect(told).toEqual([]);
  });

  test('T2: reach any id', () => {
    const {store, told, commit} = createTold();
    const tables: any = {};
    setOwn(tables, '__proto__', {constructor: {'': 1}});
    commit(tables);
    expect(store.getCell('__proto__', 'constructor', '')).toBe(1);
    expect(told).toEqual([]);
  });

  test('C3: bring on local changes where a mutator listener reacts', () => {
    const {store, told, commit} = createTold();
    store.addCellListener(
      't',
      null,
      'price',
      (_, tableId, rowId) =>
        store.setCell(tableId, rowId, 'seen', true).setValue('last', rowId),
      true,
    );
    commit({t: {r: {price: 1}}});
    expect(told).toEqual([[{t: {r: {seen: true}}}, {last: 'r'}, 1]]);
  });

  test('C3: are a local change where a mutator listener changes them', () => {
    const {store, replica, told, commit} = createTold();
    store.addValueListener(
      'v',
      (_, valueId, value) =>
        store.setValue(valueId, Math.min(Number(value), 5)),
      true,
    );
    commit({}, {v: 3});
    expect(told).toEqual([]);
    commit({}, {v: 9});
    expect(told).toEqual([[{}, {v: 5}, 1]]);
    expect(replica.getBase()[1]).toEqual({v: 9});
  });

  test("C3: bring on a schema's defaults as local changes", () => {
    const store = createStore().setTablesSchema({
      t: {a: {type: 'number'}, b: {type: 'string', default: 'b'}},
    });
    const {told, commit} = createTold(store);
    commit({t: {r: {a: 1}}});
    expect(store.getTables()).toEqual({t: {r: {a: 1, b: 'b'}}});
    expect(told).toEqual([[{t: {r: {b: 'b'}}}, {}, 1]]);
  });

  test('C3: are not pushed where the local schema refuses them', () => {
    const store = createStore().setSchema(
      {t: {a: {type: 'number'}}},
      {v: {type: 'string', default: 'none'}, w: {type: 'number'}},
    );
    store.setValue('w', 1);
    const {told, commit} = createTold(store);
    commit({t: {r: {a: 'text', x: 1}}, u: {r: {a: 1}}}, {v: 1, w: 'text'});
    expect(store.getContent()).toEqual([{}, {v: 'none', w: 1}]);
    expect(told).toEqual([]);
  });

  test('C3: delete a whole Row in spite of defaults', () => {
    const store = createStore().setTablesSchema({
      t: {a: {type: 'number', default: 1}},
    });
    const {told, commit} = createTold(store);
    commit({t: {r: {a: 2}}});
    commit({t: {r: DELETED}});
    expect(store.getTables()).toEqual({});
    commit({t: {r: {a: 2}, s: {a: 3}}});
    commit({t: DELETED});
    expect(store.getTables()).toEqual({});
    expect(told).toEqual([]);
  });
});

describe('content of the room', () => {
  test('takes the place of what is there, in one transaction', () => {
    const {store, replica, told} = createTold();
    replica.capture(false);
    store.setContent([
      {t: {r: {a: 1, b: 1}}, u: {r: {a: 1}}},
      {v: 1, w: 1},
    ]);
    replica.capture(true);
    let transactions = 0;
    store.addDidFinishTransactionListener(() => transactions++);
    replica.writeContent([
      {t: {r: {b: 2}, s: {c: '\uFFFD{}'}}},
      {w: 1, x: null},
    ]);
    expect(store.getContent()).toEqual([
      {t: {r: {b: 2}, s: {c: {}}}},
      {w: 1, x: null},
    ]);
    expect(transactions).toBe(1);
    expect(told).toEqual([]);
  });

  test('does not touch what it was given', () => {
    const {replica} = createTold();
    const content: any = [{t: {r: {c: {a: 1}}}}, {v: [1]}];
    replica.writeContent(content);
    expect(content).toEqual([{t: {r: {c: {a: 1}}}}, {v: [1]}]);
  });

  test('C1: is offered without what is pending', () => {
    const {store, replica} = createTold();
    replica.writeContent([{t: {r: {a: 1}}}, {v: 1}]);
    store.setContent([{u: {r: {b: 2}}}, {v: 2, w: 2}]);
    expect(JSON.parse(JSON.stringify(replica.getBase()))).toEqual([
      {t: {r: {a: 1}}},
      {v: 1},
      1,
    ]);
  });

  test('C1: is offered with what was written unsaved, as the room will have it', () => {
    const {store, replica} = createTold();
    replica.writeContent([{t: {r: {a: 1}}}, {}]);
    store.delTable('t');
    replica.capture(false);
    store.setCell('t', 'r', 'b', 2);
    expect(JSON.parse(JSON.stringify(replica.getBase()[0]))).toEqual({
      t: {r: {a: 1, b: 2}},
    });
    // The room takes the deletion after it, and as it was sent.
    const deletion: Changes = [{t: DELETED}, {}, 1];
    const target = createLeaves();
    replica.overlay.advance(deletion, target);
    replica.overlay.uncover([deletion], target);
    replica.write(target);
    expect(store.getTables()).toEqual({});
  });
});
