import type {Cell, Row, Store, Table} from 'tinybase';

/** A number from 0 up to but excluding `limit`. */
export type RandomInteger = (limit: number) => number;

/** Creates a generator (mulberry32) that says the same for the same seed. */
export const createRandomInteger = (seed: number): RandomInteger => {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
};

const pick = <Thing>(random: RandomInteger, things: readonly Thing[]): Thing =>
  things[random(things.length)]!;

// So few ids that clients meet on the same ones all the time.
const TABLE_IDS = ['pets', 'species', 'owners'];
const ROW_IDS = ['r1', 'r2', 'r3', 'r4'];
const CELL_IDS = ['a', 'b', 'c'];
const VALUE_IDS = ['v1', 'v2', 'v3', 'v4'];

const createThing = (random: RandomInteger, edit: number): Cell =>
  pick<Cell>(random, [
    `s${edit}`,
    edit,
    edit,
    -edit,
    edit % 2 == 0,
    null,
    '',
    {edit},
    [edit, 'x'],
  ]);

const createRow = (random: RandomInteger, edit: number): Row =>
  Object.fromEntries(
    CELL_IDS.filter(() => random(2)).map((id) => [
      id,
      createThing(random, edit),
    ]),
  );

const createTable = (random: RandomInteger, edit: number): Table =>
  Object.fromEntries(
    ROW_IDS.filter(() => random(2)).map((id) => [id, createRow(random, edit)]),
  );

/** Sets or deletes a Cell, Row, Table or Value, or several at a time. */
export const editAtRandom = (
  store: Store,
  random: RandomInteger,
  edit: number,
): void => {
  const table = pick(random, TABLE_IDS);
  const row = pick(random, ROW_IDS);
  const cell = pick(random, CELL_IDS);
  const value = pick(random, VALUE_IDS);
  const edits: [weight: number, apply: () => unknown][] = [
    [8, () => store.setCell(table, row, cell, createThing(random, edit))],
    [3, () => store.delCell(table, row, cell)],
    [3, () => store.setRow(table, row, createRow(random, edit))],
    [2, () => store.setPartialRow(table, row, createRow(random, edit))],
    [3, () => store.delRow(table, row)],
    [1, () => store.setTable(table, createTable(random, edit))],
    [1, () => store.delTable(table)],
    [3, () => store.setValue(value, createThing(random, edit))],
    [2, () => store.delValue(value)],
    [
      2,
      () =>
        store.transaction(() => {
          store.delRow(table, row);
          store.setCell(table, row, cell, createThing(random, edit));
          store.setValue(value, createThing(random, edit));
        }),
    ],
  ];
  let left = random(edits.reduce((sum, [weight]) => sum + weight, 0));
  edits.find(([weight]) => (left -= weight) < 0)![1]();
};
