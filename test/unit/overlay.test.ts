import fc from 'fast-check';
import {createStore, type Store} from 'tinybase';
import {describe, expect, test} from 'vitest';
import {createLeaves, type Leaves} from '../../src/client/leaves.js';
import {createReplica} from '../../src/client/replica.js';
import type {Changes, Content} from '../../src/protocol/changes.js';
import {applyToContent} from '../../src/protocol/content.js';
import {
  arbitraryChanges,
  arbitraryContent,
} from '../support/arbitrary-changes.js';
import {arbitraryEdit, type Edit} from '../support/arbitrary-edits.js';
import {canonicalize} from '../support/content.js';

const getText = (store: Store): string =>
  canonicalize(JSON.parse(store.getJson()));

/** A replica, and beside it what it should be: truth and pending. */
const createModel = (content: Content = [{}, {}]) => {
  const store = createStore();
  let truth: Content = [{}, {}];
  let pending: Changes[] = [];
  let transactions = 0;
  const replica = createReplica(
    store,
    (changes) => {
      pending.push(structuredClone(changes));
    },
    (error) => {
      throw error;
    },
  );
  replica.capture(true);
  store.addDidFinishTransactionListener(() => transactions++);

  const apply = (changes: Changes): void => applyToContent(truth, changes);

  const write = (move: (target: Leaves) => void): void => {
    const target = createLeaves();
    move(target);
    const before = transactions;
    replica.write(target);
    expect(transactions - before).toBeLessThanOrEqual(1);
  };

  const model = {
    store,

    getPending: () => pending,

    /** For how many Cells the truth is kept beside the Store. */
    getTruthSize: () => {
      let size = 0;
      replica.overlay.truth.forEach(() => size++);
      return size;
    },

    edit: (edit: Edit): void => edit(store),

    /** Somebody else's push is accepted. */
    commit: (changes: Changes): void => {
      apply(changes);
      write((target) => replica.overlay.advance(changes, target));
    },

    /** The room answers the oldest pending pushes with one commit. */
    answer: (
      how: 'accepted' | 'refused',
      count = 1,
      others: Changes[] = [],
    ): void => {
      const pushes = pending.slice(0, count);
      pending = pending.slice(count);
      others.forEach(apply);
      how == 'refused' || pushes.forEach(apply);
      write((target) => {
        others.forEach((one) => replica.overlay.advance(one, target));
        if (how != 'refused') {
          pushes.forEach((one) => replica.overlay.advance(one, target));
        }
        replica.overlay.uncover(pushes, target);
      });
    },

    /** The whole content is loaded. */
    load: (loaded: Content): void => {
      truth = structuredClone(loaded);
      replica.writeContent(loaded);
    },

    check: (): void => {
      const expected = structuredClone(truth);
      pending.forEach((changes) => applyToContent(expected, changes));
      expect(getText(store)).toBe(canonicalize(expected));
      // What a client offers to a room that has no Store.
      expect(canonicalize(replica.getBase().slice(0, 2))).toBe(
        canonicalize(truth),
      );
    },
  };
  model.load(content);
  return model;
};

type Model = ReturnType<typeof createModel>;
type Step = (model: Model) => void;

const named = <Thing>(
  name: string,
  arbitrary: fc.Arbitrary<Thing>,
  step: (model: Model, thing: Thing) => void,
): fc.Arbitrary<Step> =>
  arbitrary.map((thing) =>
    Object.assign((model: Model) => step(model, thing), {
      [fc.toStringMethod]: () => `${name} ${fc.stringify(thing)}`,
    }),
  );

const arbitraryStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: named('edit', arbitraryEdit, (model, edit) => model.edit(edit)),
  },
  {
    weight: 3,
    arbitrary: named('commit', arbitraryChanges, (model, changes) =>
      model.commit(changes),
    ),
  },
  {
    weight: 3,
    arbitrary: named(
      'answer',
      fc.tuple(
        fc.constantFrom('accepted', 'refused' as const),
        fc.integer({min: 1, max: 3}),
        fc.array(arbitraryChanges, {maxLength: 1}),
      ),
      (model, [how, count, others]) => model.answer(how, count, others),
    ),
  },
  {
    weight: 1,
    arbitrary: named('load', arbitraryContent, (model, content) =>
      model.load(content),
    ),
  },
);

describe('the Store of a client', () => {
  test('C1: shows what is pending, and not the commit under it', () => {
    const model = createModel([{}, {v: 'old'}]);
    model.store.setValue('v', 'mine');
    const seen: unknown[] = [];
    model.store.addValueListener('v', (...[, , value]) => seen.push(value));
    model.commit([{}, {v: 'theirs', w: 1}, 1]);
    expect(model.store.getValues()).toEqual({v: 'mine', w: 1});
    expect(seen).toEqual([]);
    model.check();
  });

  test('C2: shows the truth where a push was refused', () => {
    const model = createModel([{}, {v: 'old'}]);
    model.store.setValue('v', 'mine');
    model.commit([{}, {v: 'theirs'}, 1]);
    model.answer('refused');
    expect(model.store.getValues()).toEqual({v: 'theirs'});
  });

  test('C2: keeps a later push on top of an answered one', () => {
    const model = createModel();
    model.store.setValue('v', 1).setValue('v', 2);
    model.answer('accepted');
    expect(model.store.getValue('v')).toBe(2);
    model.answer('refused');
    expect(model.store.getValue('v')).toBe(1);
  });

  test('C2: takes commit and answer in one transaction', () => {
    const model = createModel();
    model.store.setValue('v', 1);
    let transactions = 0;
    model.store.addDidFinishTransactionListener(() => transactions++);
    model.answer('refused', 1, [[{t: {r: {c: 1}}}, {w: 2}, 1]]);
    expect(transactions).toBe(1);
    expect(model.store.getContent()).toEqual([{t: {r: {c: 1}}}, {w: 2}]);
  });

  test('C1: hides a Cell that comes to a Row which pending deletes', () => {
    const model = createModel([{t: {r: {a: 1}}}, {}]);
    model.store.delRow('t', 'r');
    model.commit([{t: {r: {b: 2}}}, {}, 1]);
    expect(model.store.getTables()).toEqual({});
    model.answer('refused');
    expect(model.store.getTables()).toEqual({t: {r: {a: 1, b: 2}}});
  });

  test('C1: keeps a pending Cell of a Row that is deleted', () => {
    const model = createModel([{t: {r: {a: 1, b: 1}}}, {}]);
    model.store.setCell('t', 'r', 'b', 2);
    model.commit([{t: {r: '\uFFFC'}}, {}, 1]);
    expect(model.store.getTables()).toEqual({t: {r: {b: 2}}});
    model.answer('refused');
    expect(model.store.getTables()).toEqual({});
  });

  test('C1, C2: is truth and pending, whatever comes in whatever order', () => {
    fc.assert(
      fc.property(
        arbitraryContent,
        fc.array(arbitraryStep, {maxLength: 25}),
        (content, steps) => {
          const model = createModel(content);
          steps.forEach((step) => {
            step(model);
            model.check();
          });
          model.answer('accepted', model.getPending().length);
          model.check();
          expect(model.getTruthSize()).toBe(0);
        },
      ),
      {numRuns: 1_000},
    );
  });
});
