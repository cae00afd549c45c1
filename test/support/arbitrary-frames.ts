/**
 * Frames for fast-check as a hostile or broken peer sends them: JSON as text, so
 * that it may have what no object has, such as keys twice and numbers too large.
 */
import fc from 'fast-check';

/** Ids that are objects' own, reserved, broken or long. */
const ODD_IDS = [
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length'],
  ...['', '0', '\uFFFC', '\uFFFD', '\uFFFD{}', '\uD800', '\uDC00', '\0'],
  'long'.repeat(2_000),
];

/** Client ids of hostile peers; nothing else that they send contains them. */
export const HOSTILE_CLIENTS = ['hostile-1', 'hostile-2', 'hostile-3'];

const json = (thing: unknown): string => JSON.stringify(thing);

const deep = (levels: number): string =>
  '['.repeat(levels) + ']'.repeat(levels);

const id = fc.oneof(
  {weight: 2, arbitrary: fc.constantFrom('a', 'b', 'c')},
  {weight: 1, arbitrary: fc.constantFrom(...ODD_IDS)},
);

const numberText = fc.constantFrom(
  ...['0', '-0', '1', '2', '-1', '1.5', '1e-7', '1e21', '1e999', '-1e999'],
  ...['01', '+1', 'NaN', 'Infinity', '9007199254740993', '9'.repeat(400)],
);

const goodThing = fc.oneof(
  fc.constantFrom('null', 'true', '""', '"x"', '0', '-3', '1.5', '{}', '[]'),
  fc.constantFrom(
    ...['\uFFFC', '\uFFFC', '\uFFFD[1]', '\uFFFD {"a":1,"a":2}', '\uD800'].map(
      json,
    ),
  ),
  fc.constantFrom(
    ...['{"toJSON":1}', '{"__proto__":{"x":1}}', '{"then":1,"then":2}'],
    ...['["\uFFFC","\uFFFD{"]', deep(100)],
  ),
);

const oddThing = fc.oneof(
  numberText,
  fc.constantFrom(...[deep(101), deep(1_000), 'undefined', '', "'x'"]),
  fc.constantFrom(
    ...['\uFFFD', '\uFFFD{', '\uFFFD1', '\uFFFDnull', '\uFFFD"x"'].map(json),
    json('\uFFFD' + deep(101)),
  ),
  fc.json({maxDepth: 3}),
);

/** An object's text, with a key twice now and then. */
const things = (thing: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .array(fc.tuple(id, thing), {maxLength: 3})
    .map(
      (entries) =>
        `{${entries.map(([key, one]) => `${json(key)}:${one}`).join()}}`,
    );

const mostly = (
  good: fc.Arbitrary<string>,
  odd: fc.Arbitrary<string>,
  weight: number,
) => fc.oneof({weight, arbitrary: good}, {weight: 1, arbitrary: odd});

const deletion = fc.constant(json('\uFFFC'));

/** Tables or Values; most of them well-formed where the weight is high. */
const createTree = (weight: number, depth: number): fc.Arbitrary<string> => {
  const leaf = mostly(goodThing, oddThing, weight * 5);
  let tree = things(leaf);
  for (let level = 0; level < depth; level++) {
    tree = things(mostly(mostly(tree, deletion, 4), oddThing, weight * 5));
  }
  return mostly(tree, oddThing, weight * 10);
};

const createList = (weight: number, last: string[]): fc.Arbitrary<string> =>
  fc
    .tuple(
      createTree(weight, 2),
      createTree(weight, 0),
      fc.constantFrom(...last),
    )
    .map(([tables, values, end]) => `[${tables},${values}${end}]`);

/** The JSON of changes, well-formed for the most part. */
export const arbitraryChangesText = mostly(
  createList(20, [',1']),
  mostly(createList(1, [',1', '', ',2', ',1,1']), fc.json(), 4),
  4,
);

/** The JSON of content, well-formed for the most part. */
export const arbitraryContentText = mostly(
  createList(20, ['']),
  mostly(createList(1, ['', ',1']), fc.json(), 4),
  2,
);

/** Small numbers, so that they meet, and absurd ones. */
const mutationId = mostly(
  fc.integer({min: 0, max: 9}).map(String),
  numberText,
  6,
);

const text = fc.oneof(
  id.map(json),
  numberText,
  fc.json({maxDepth: 1}),
  fc.constantFrom('null', 'true', '[]', '{}', ''),
);

/** As long as an id of a client may be, and longer. */
const longest = fc.constantFrom(...[64, 65].map((n) => json('x'.repeat(n))));

const hello = fc
  .tuple(
    mostly(fc.constant('1'), text, 8),
    mostly(
      fc.constantFrom(...HOSTILE_CLIENTS.map(json)),
      mostly(text, longest, 4),
      3,
    ),
    mostly(
      fc.integer({min: 1, max: 3}).map((n) => json(`nonce${n}`)),
      text,
      8,
    ),
    fc.oneof(fc.constantFrom('""', '"epoch1"', '"epoch2"'), text),
    fc.oneof(mutationId, text),
  )
  .map((parts) => `h[${parts.join()}]`);

const fragment = fc
  .tuple(
    mostly(fc.constantFrom('0', '1'), mutationId, 4),
    mostly(fc.constantFrom('0', '1', '2'), numberText, 8),
    mostly(fc.constantFrom('1', '2', '3'), numberText, 8),
    fc.oneof(
      arbitraryChangesText,
      fc.constantFrom('[{"a":{"b"', ':{"c":1}}},', '{"a":2},1]', '', '\uD83D'),
    ),
  )
  .map(([one, index, count, piece]) => `f[${one},${index},${count}]${piece}`);

const wellMeant = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(mutationId, arbitraryChangesText)
      .map(([one, changes]) => `p[${one},${changes}]`),
  },
  {weight: 3, arbitrary: arbitraryChangesText.map((changes) => 's' + changes)},
  {weight: 4, arbitrary: hello},
  {weight: 4, arbitrary: fragment},
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('i', 'o'), fc.oneof(text, fc.constant('"mark3"')))
      .map(([letter, token]) => `${letter}[${token}]`),
  },
);

/** Cut, doubled or with something else in it. */
const mangled = fc
  .tuple(
    wellMeant,
    fc.nat(60),
    fc.nat(8),
    fc.constantFrom('', '', ',', '[', '}', '"', '1', '\uFFFC', '\0', '\uD800'),
  )
  .map(
    ([frame, at, length, instead]) =>
      frame.slice(0, at) + instead + frame.slice(at + length),
  );

/** What a WebSocket may bring. */
export const arbitraryFrame: fc.Arbitrary<string | ArrayBuffer> = fc.oneof(
  {weight: 12, arbitrary: wellMeant},
  {weight: 4, arbitrary: mangled},
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...'hpfswcio'), fc.json())
      .map(([letter, payload]) => letter + payload),
  },
  {weight: 1, arbitrary: fc.string({unit: 'binary'})},
  {
    weight: 1,
    arbitrary: fc.uint8Array().map(({buffer}) => buffer),
  },
);
