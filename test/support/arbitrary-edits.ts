/** Random edits of a Store for fast-check, with few ids, so that they meet. */
import fc from 'fast-check';
import type {Store} from 'tinybase';
import {decodeAtom, DELETED} from '../../src/protocol/changes.js';
import {arbitraryAtom, arbitraryThings} from './arbitrary-changes.js';

export type Edit = (store: Store) => void;

const id = fc.constantFrom('a', 'b', '__proto__', '');
const thing = arbitraryAtom
  .filter((atom) => atom !== DELETED)
  .map((atom) => decodeAtom(atom) as any);
const row = arbitraryThings(thing);
const table = arbitraryThings(arbitraryThings(thing, 1));

/** Writes an edit out where a property fails. */
const named = <Args extends unknown[]>(
  args: fc.Arbitrary<Args>,
  method: string,
  weight = 1,
): fc.WeightedArbitrary<Edit> => ({
  weight,
  arbitrary: args.map((all) =>
    Object.assign((store: Store) => void (store as any)[method](...all), {
      [fc.toStringMethod]: () => `${method}(${JSON.stringify(all)})`,
    }),
  ),
});

const arbitraryOneEdit: fc.Arbitrary<Edit> = fc.oneof(
  named(fc.tuple(id, id, id, thing), 'setCell', 6),
  named(fc.tuple(id, id, id, fc.constant(true)), 'delCell', 2),
  named(fc.tuple(id, id, row), 'setRow', 2),
  named(fc.tuple(id, id, row), 'setPartialRow'),
  named(fc.tuple(id, id), 'delRow', 2),
  named(fc.tuple(id, table), 'setTable'),
  named(fc.tuple(id), 'delTable'),
  named(fc.tuple(id, thing), 'setValue', 3),
  named(fc.tuple(id), 'delValue'),
);

/** One edit, or several in one transaction. */
export const arbitraryEdit: fc.Arbitrary<Edit> = fc.oneof(
  {weight: 3, arbitrary: arbitraryOneEdit},
  {
    weight: 1,
    arbitrary: fc
      .array(arbitraryOneEdit, {minLength: 2, maxLength: 4})
      .map((edits) =>
        Object.assign(
          (store: Store) =>
            store.transaction(() => edits.forEach((edit) => edit(store))),
          {[fc.toStringMethod]: () => `transaction(${fc.stringify(edits)})`},
        ),
      ),
  },
);
