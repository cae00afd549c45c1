/** Random writes to a Store, with unique values in few places. */
import type {Store} from 'tinybase';
import type {Random} from './random.js';

const TABLE_IDS = ['t1', 't2', '__proto__'];
const ROW_IDS = ['r1', 'r2', 'r3', ''];
const CELL_IDS = ['a', 'b', 'c', 'constructor'];
const VALUE_IDS = ['v1', 'v2', '__proto__'];

/** Gives a value that nothing else ever has. */
export type CreateToken = () => string;

/** What makes edits. */
export type Source = {
  random: Random;
  createToken: CreateToken;
  /** Whether a Cell may be as long as a stored value. */
  bigCells: boolean;
};

const createThing = ({random, createToken, bigCells}: Source): any =>
  random.weigh<() => unknown>([
    [6, () => createToken()],
    [1, () => `!${createToken()}`],
    [1, () => ({token: createToken()})],
    [1, () => [createToken(), null]],
    [1, () => random.int(3)],
    [0.5, () => random.chance(0.5)],
    [0.5, () => null],
    [0.3, () => ''],
    [0.2, () => ({})],
    [bigCells ? 0.5 : 0, () => createToken() + '€'.repeat(50_000)],
  ])();

const createThings = (
  ids: string[],
  random: Random,
  create: () => unknown,
): any => {
  const things = Object.create(null);
  for (const id of ids) {
    if (random.chance(0.5)) {
      things[id] = create();
    }
  }
  return Object.keys(things).length ? things : {[ids[0]!]: create()};
};

/** Deletes one of the Cells that there are, in time a Row and a Table. */
const peel = (store: Store, random: Random): void => {
  const t = random.pick(store.getTableIds());
  const r = t && random.pick(store.getRowIds(t));
  const c = r && random.pick(store.getCellIds(t, r));
  if (c) {
    store.delCell(t, r, c, true);
  }
};

/** One random write. */
export const edit = (store: Store, source: Source): void => {
  const {random} = source;
  const t = random.weigh([
    [6, 't1'],
    [2, 't2'],
    [0.5, '__proto__'],
  ] as any) as string;
  const r = random.pick(ROW_IDS);
  const c = random.pick(CELL_IDS);
  const v = random.pick(VALUE_IDS);
  const thing = () => createThing(source);
  const row = () => createThings(CELL_IDS, random, thing);
  const table = () => createThings(ROW_IDS, random, row);
  random.weigh<() => unknown>([
    [10, () => store.setCell(t, r, c, thing())],
    [4, () => store.delCell(t, r, c, true)],
    [3, () => store.setRow(t, r, row())],
    [2, () => store.setPartialRow(t, r, row())],
    [4, () => store.delRow(t, r)],
    [3, () => peel(store, random)],
    [1, () => store.setTable(t, table())],
    [1.5, () => store.delTable(t)],
    [4, () => store.setValue(v, thing())],
    [2, () => store.delValue(v)],
    [0.3, () => store.delTables()],
    [0.2, () => store.delValues()],
    [0.3, () => store.setContent([createThings(TABLE_IDS, random, table), {}])],
  ])();
};

/** One transaction of one or several writes. */
export const transact = (
  store: Store,
  source: Source,
  mark: () => void = () => {},
): void => {
  const count = source.random.pick([1, 1, 1, 2, 4]);
  store.transaction(() => {
    for (let i = 0; i < count; i++) {
      edit(store, source);
    }
    mark();
  });
};

/** Content of unique values. */
export const createContent = (source: Source): any => {
  const {random, createToken} = source;
  const row = () => createThings(CELL_IDS, random, () => createThing(source));
  return [
    createThings(TABLE_IDS, random, () => createThings(ROW_IDS, random, row)),
    {v1: createToken()},
  ];
};
