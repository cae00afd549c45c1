/** Random content and changes for fast-check, with few ids, so that they meet. */
import fc from 'fast-check';
import {
  type Atom,
  type Changes,
  type Content,
  DELETED,
  encodeAtom,
} from '../../src/protocol/changes.js';
import {setOwn} from '../../src/protocol/content.js';

const IDS = ['a', 'b', '__proto__', 'constructor', ''];

const arbitraryId = fc.constantFrom(...IDS);

export const arbitraryAtom: fc.Arbitrary<Atom> = fc.oneof(
  fc.constantFrom<Atom>(null, true, false, '', 0, 'x', '\uFFFD[]', '\uFFFD{}'),
  fc.integer({min: -3, max: 3}),
  fc.object({maxDepth: 1, maxKeys: 2}).map((thing) => {
    // Of what fast-check makes an object of, JSON is all that travels.
    return encodeAtom(JSON.parse(JSON.stringify(thing)));
  }),
);

/** Things by id; ids such as `__proto__` are keys of their own. */
export const arbitraryThings = <Thing>(
  thing: fc.Arbitrary<Thing>,
  minLength = 0,
): fc.Arbitrary<any> =>
  fc
    .uniqueArray(fc.tuple(arbitraryId, thing), {
      minLength,
      maxLength: 3,
      selector: ([id]) => id,
    })
    .map((entries) => {
      const things = {};
      entries.forEach(([id, one]) => setOwn<any>(things, id, one));
      return things;
    });

/** A Table, Row, Cell or Value that is set, or now and then deleted. */
const deletable = <Thing>(thing: fc.Arbitrary<Thing>) =>
  fc.oneof(
    {weight: 3, arbitrary: thing},
    {weight: 1, arbitrary: fc.constant<typeof DELETED>(DELETED)},
  );

/** The changes of one transaction, as TinyBase would tell them. */
export const arbitraryChanges: fc.Arbitrary<Changes> = fc
  .tuple(
    arbitraryThings(
      deletable(
        arbitraryThings(
          deletable(arbitraryThings(deletable(arbitraryAtom), 1)),
          1,
        ),
      ),
    ),
    arbitraryThings(deletable(arbitraryAtom)),
  )
  .map(([tables, values]) => [tables, values, 1]);

export const arbitraryContent: fc.Arbitrary<Content> = fc.tuple(
  arbitraryThings(arbitraryThings(arbitraryThings(arbitraryAtom, 1), 1)),
  arbitraryThings(arbitraryAtom),
);
