/** Content as segments: cut so that values take them, and whole again. */
import {serialize} from 'node:v8';
import fc from 'fast-check';
import {describe, expect, test, vi} from 'vitest';
import type {Atom, Content} from '../../src/protocol/changes.js';
import {setOwn} from '../../src/protocol/content.js';
import {Layout} from '../../src/server/storage/layout.js';
import {readSegment, type Thing} from '../../src/server/storage/segments.js';
import {
  encodeSnapshot,
  readSegments,
  readSnapshot,
} from '../../src/server/storage/snapshot.js';
import {canonicalize} from '../support/content.js';
import {createMemoryStorage} from '../support/memory-storage.js';

const layout = new Layout('');

/** Ids that JSON, JavaScript or a segment could take for something else. */
const ODD_IDS = [
  '',
  '__proto__',
  'constructor',
  'null',
  '"null"',
  '7',
  '10',
  '007',
  'a\nb',
  '\n',
  '"',
  '\\',
  '},"x":{',
  '\uD83D',
  '\uDE00😀',
  '\uFEFF',
  'é€',
  '€'.repeat(7_000),
  'x'.repeat(45_000),
];

const arbitraryId = fc.oneof(
  fc.constantFrom(...ODD_IDS),
  fc.string({unit: 'binary', maxLength: 3}),
);

const arbitraryAtom = fc.oneof<fc.Arbitrary<Atom>[]>(
  fc.constantFrom<Atom>(null, true, 0, -1.5e-7, '', '\uD800', '\uFFFD[1]'),
  fc
    .tuple(
      fc.constantFrom('x', 'é', '€', '😀', '"', '\n', '\uDC00'),
      fc.constantFrom(1, 10, 300, 8_000, 66_000, 140_000),
    )
    .map(([unit, length]) => unit.repeat(length / unit.length)),
);

/** Some things by their ids, and many more like the last one. */
const arbitraryThings = (
  thing: fc.Arbitrary<unknown>,
  counts: number[],
  minLength = 0,
): fc.Arbitrary<any> =>
  fc
    .tuple(
      fc.array(fc.tuple(arbitraryId, thing), {minLength, maxLength: 3}),
      fc.constantFrom(...counts),
    )
    .map(([entries, count]) => {
      const things = {};
      entries.forEach(([id, one]) => setOwn<unknown>(things, id, one));
      const [, last] = entries.at(-1) ?? [];
      // Not so many that the test is about memory.
      const fitting = Math.floor(200_000 / (JSON.stringify(last)?.length ?? 1));
      const more = last === undefined ? 0 : Math.min(count, fitting);
      for (let i = 0; i < more; i++) {
        setOwn<unknown>(things, `like it ${i}`, last);
      }
      return things;
    });

const arbitraryRow = arbitraryThings(arbitraryAtom, [0, 0, 20], 1);
const arbitraryTable = arbitraryThings(arbitraryRow, [0, 3, 500], 1);
const arbitraryContent: fc.Arbitrary<Content> = fc.tuple(
  arbitraryThings(arbitraryTable, [0, 3, 3_000]),
  arbitraryThings(arbitraryAtom, [0, 3, 1_000]),
);

/** An object has these first, whatever their place was. */
const isNumber = (id: string | null): boolean =>
  id !== null && /^(0|[1-9]\d{0,9})$/.test(id);

const listThings = ([tables, values]: Content): Thing[] => [
  ...Object.entries(tables).flatMap(([tableId, table]) =>
    Object.entries(table).map(([rowId, row]): Thing => [tableId, rowId, row]),
  ),
  ...Object.entries(values).map(([valueId, atom]): Thing => [
    null,
    valueId,
    atom,
  ]),
];

/** The ids in their order, each Table once, without those that are numbers. */
const listIds = (things: Thing[]): (string | null)[][] =>
  things
    .filter(([tableId, rowId]) => !isNumber(tableId) && !isNumber(rowId))
    .map(([tableId, rowId]) => [tableId, rowId]);

const write = (content: Content) => {
  const {head, puts} = encodeSnapshot(content, layout, 1);
  return {head, puts, storage: createMemoryStorage(puts)};
};

const readThings = async (content: Content): Promise<Thing[]> => {
  const things: Thing[] = [];
  for await (const segment of readSegments(write(content).storage, layout, 1)) {
    things.push(...readSegment(segment));
  }
  return things;
};

const measureJson = (content: Content): number =>
  Buffer.byteLength(JSON.stringify(content));

const LONG = 'x'.repeat(100_000);

const createThings = (prefix: string, count: number, thing: unknown): any =>
  Object.fromEntries(
    Array.from({length: count}, (_, id) => [prefix + id, thing]),
  );

const createRows = (count: number, row: object): any =>
  createThings('r', count, row);

describe('content in segments', () => {
  test('S4: is the same when it is joined, and when it is read', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryContent, async (content) => {
        const {storage, puts} = write(content);
        for (const [, value] of puts) {
          expect(serialize(value).length).toBeLessThan(131_072);
        }
        const bytes = await readSnapshot(storage, layout, 1);
        const text = new TextDecoder('utf-8', {
          fatal: true,
          ignoreBOM: true,
        }).decode(bytes);
        const expected = canonicalize(content);
        expect(canonicalize(JSON.parse(text)) == expected).toBe(true);

        const things = await readThings(content);
        const read: Content = [{}, {}];
        for (const [tableId, rowId, thing] of things) {
          if (tableId === null) {
            setOwn<any>(read[1], rowId, thing);
          } else {
            const tables: any = read[0];
            if (!Object.hasOwn(tables, tableId)) {
              setOwn(tables, tableId, {});
            }
            setOwn(tables[tableId], rowId, thing);
          }
        }
        expect(canonicalize(read) == expected).toBe(true);
        expect(things.length).toBe(listThings(content).length);
        expect(listIds(things)).toEqual(listIds(listThings(content)));
        expect(listIds(listThings(JSON.parse(text)))).toEqual(
          listIds(listThings(content)),
        );
      }),
      {numRuns: 100},
    );
  });

  test('S4: has each Table in one place, those that are numbers too', async () => {
    const rows = createRows(60, {c: 'x'.repeat(1_000)});
    const tables = Object.fromEntries(
      ['b', 'a', '10', '7', 'c', '9'].map((id) => [id, rows]),
    );
    const tableIds = (await readThings([tables, {}])).map(([id]) => id);
    const changes = tableIds.filter((id, index) => id !== tableIds[index - 1]);
    expect(changes.toSorted()).toEqual(['10', '7', '9', 'a', 'b', 'c']);
  });

  test('S8: takes hardly more than its JSON', async () => {
    const content: Content = [
      {
        a: createRows(10_000, {c: 1}),
        b: createRows(500, {c: 'é'.repeat(1_000)}),
        c: createRows(5, {c: 'x'.repeat(300_000)}),
      },
      {v: 'x'.repeat(200_000), w: 1},
    ];
    const {head, puts} = write(content);
    const json = measureJson(content);
    expect(head.bytes).toBeGreaterThan(json - 100);
    expect(head.bytes).toBeLessThan(json * 1.01);
    // Values are as full as they may be, being billed by that.
    expect(puts.length).toBeLessThan(1.2 * (json / 130_000) + 5);
    expect(
      puts.reduce((sum, [, value]) => sum + (value as Uint8Array).length, 0),
    ).toBe(head.bytes);
  });

  test.each([2_000, 10_000, 20_000, 25_000, 100_000, 500_000])(
    'S8: does not repeat the id of a Table much: %d units',
    async (length) => {
      for (const unit of ['x', '€']) {
        const content: Content = [
          {[unit.repeat(length)]: createRows(400, {cell: 'of a Row'})},
          {},
        ];
        const {head} = write(content);
        // Beside the JSON, the id is in the lines of a segment.
        expect(head.bytes).toBeLessThan(
          1.25 * measureJson(content) + 2.1 * unit.length * length * 3,
        );
      }
    },
  );

  test('S2: makes JSON of little at a time, however Rows go on', () => {
    const stringify = vi.spyOn(JSON, 'stringify');
    try {
      const {head} = write([
        {
          t: {
            ...createRows(1_000, {c: 1}),
            ...createThings('long', 90, {c: LONG}),
          },
        },
        {...createThings('short', 300, 1), ...createThings('long', 9, LONG)},
      ]);
      expect(head.bytes).toBeGreaterThan(9_900_000);
      const lengths = stringify.mock.results.map(({value}) => value.length);
      expect(Math.max(...lengths)).toBeLessThan(130_000);
    } finally {
      stringify.mockRestore();
    }
  });

  test('S8: puts many Tables into a segment', () => {
    const tables = Object.fromEntries(
      Array.from({length: 20_000}, (_, id) => [`t${id}`, {r: {c: 1}}]),
    );
    expect(write([tables, {}]).puts.length).toBeLessThan(6);
    const long = Object.fromEntries(
      Array.from({length: 30}, (_, id) => [
        `${id}`.padEnd(30_000, 'x'),
        {r: {c: 1}},
      ]),
    );
    expect(write([long, {}]).head.bytes).toBeLessThan(1_300_000);
  });
});
