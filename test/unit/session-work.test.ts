/**
 * What a change costs a client depends on the change: neither on how much the
 * Store holds, nor on how much is pending.
 */
import {type Content, createStore, type Store} from 'tinybase';
import {describe, expect, test} from 'vitest';
import {type Changes, DELETED} from '../../src/protocol/changes.js';
import {countWork} from '../support/count-work.js';
import {createScriptedSession} from '../support/scripted-session.js';

const SMALL = 500;
const LARGE = 100_000;

/** Cells in Rows of ten, or all in one. */
const createContent = (cells: number, cellsARow = 10): Content => {
  const table: any = {};
  const values: any = {};
  for (let cell = 0; cell < cells; cell++) {
    const row = (table[`r${Math.floor(cell / cellsARow)}`] ??= {});
    row[`c${cell % cellsARow}`] = `${cell}`;
    values[`v${Math.floor(cell / 10)}`] = cell;
  }
  return [{t: table, other: {r: {c: 1}}}, values];
};

const startWith = async (content: Content, store?: Store) => {
  const scripted = createScriptedSession({store});
  await scripted.start(content);
  // Found now: what was sent is searched for it.
  const mark = `mark for ${scripted.getHello()[2]}`;
  let offset = 1;
  return {
    ...scripted,
    getOffset: () => ++offset,
    commit: (delta: unknown, answer?: number[]): void =>
      scripted.deliver('c', [++offset, delta, {[mark]: answer ?? [0]}]),
  };
};

type Started = Awaited<ReturnType<typeof startWith>>;

/** Of `id` there is something in each Table, Row and the Values. */
const CHANGES: {[title: string]: (id: number) => Changes} = {
  'a set Cell': (id) => [{t: {r0: {[`c${id}`]: 'set'}}}, {}, 1],
  'an object': (id) => [{t: {r0: {[`n${id}`]: '\uFFFD{"a":[1]}'}}}, {}, 1],
  'a new Row': (id) => [{t: {[`n${id}`]: {c1: 1, c2: 1}}}, {}, 1],
  'a deleted Cell': (id) => [{t: {r0: {[`c${id}`]: DELETED}}}, {}, 1],
  'deleted Cells': () => [{t: {r0: {c8: DELETED, c9: DELETED}}}, {}, 1],
  'a set Value': (id) => [{}, {[`v${id}`]: 'set'}, 1],
  'a deleted Value': (id) => [{}, {[`v${id}`]: DELETED}, 1],
};

const DELETIONS: typeof CHANGES = {
  'a deleted Row': (id) => [{t: {[`r${id}`]: DELETED}}, {}, 1],
  'a deleted Table': () => [{other: DELETED}, {}, 1],
};

/** The app makes changes; what is deleted is undefined to it. */
const edit = ({store}: Started, changes: Changes): void => {
  const decode = (thing: any): any =>
    thing === DELETED
      ? undefined
      : thing?.[0] == '\uFFFD'
        ? JSON.parse(thing.slice(1))
        : typeof thing == 'object'
          ? Object.fromEntries(
              Object.entries(thing).map(([id, child]) => [id, decode(child)]),
            )
          : thing;
  store.applyChanges([decode(changes[0]), decode(changes[1]), 1]);
};

/** How a change comes to pass, step by step. */
const WAYS: {
  [title: string]: (
    started: Started,
    changes: Changes,
    pushId: number,
  ) => (() => void)[];
} = {
  'made here, and taken as it was sent': (started, changes, pushId) => [
    () => edit(started, changes),
    () => started.commit(0, [pushId]),
  ],
  'made here, and corrected': (started, changes, pushId) => [
    () => edit(started, changes),
    () => started.commit([[{t: {r0: {c7: pushId}}}, {}, 1]], [pushId]),
  ],
  'made here, and refused': (started, changes, pushId) => [
    () => edit(started, changes),
    () => started.commit([], [pushId, pushId]),
  ],
  'told by the room': (started, changes) => [() => started.commit([changes])],
  'told under a pending push of the same': (started, changes, pushId) => [
    () => edit(started, changes),
    () => started.commit([changes]),
    () => started.commit([], [pushId]),
  ],
  'caught up with after a reconnect': (started, changes, pushId) => [
    () => started.store.setCell('t', 'r0', 'mine', pushId),
    () => started.socket.close(),
    () => started.socket.open(),
    () =>
      started.welcome({
        offset: started.getOffset(),
        answer: [pushId],
        delta: [changes],
      }),
  ],
};

describe('the work of a change', () => {
  describe.each(Object.keys(WAYS))('%s', (way) => {
    const measure = async (
      content: Content,
      changes: typeof CHANGES,
    ): Promise<{[title: string]: number[]}> => {
      const started = await startWith(content);
      return Object.fromEntries(
        Object.entries(changes).map(([title, create], index) => [
          title,
          WAYS[way]!(started, create(index), index + 1).map(countWork),
        ]),
      );
    };

    test('does not grow with the Store', async () => {
      const changes = {...CHANGES, ...DELETIONS};
      const small = await measure(createContent(SMALL), changes);
      expect(Math.min(...Object.values(small).flat())).toBeGreaterThan(0);
      expect(await measure(createContent(LARGE), changes)).toEqual(small);
    });

    test('does not grow with its Row', async () => {
      const [small, large] = [SMALL, LARGE].map((cells) =>
        createContent(cells, cells),
      );
      expect(await measure(large!, CHANGES)).toEqual(
        await measure(small!, CHANGES),
      );
    });
  });

  test('does not grow with the Store where listeners react', async () => {
    const measure = async (cells: number): Promise<number> => {
      const store = createStore();
      store.addCellListener(
        't',
        null,
        'c1',
        () => store.setValue('n', 1),
        true,
      );
      const {commit} = await startWith(createContent(cells), store);
      return countWork(() => commit([[{t: {r1: {c1: 'theirs'}}}, {}, 1]]));
    };
    expect(await measure(LARGE)).toBe(await measure(SMALL));
  });
});

describe('the work of a change, with what is pending', () => {
  const startPending = async (count: number): Promise<Started> => {
    const started = await startWith(createContent(25_000));
    for (let id = 1; id <= count; id++) {
      started.store.setCell('t', `r${id}`, 'c1', 'mine');
    }
    return started;
  };

  test('does not grow', async () => {
    const measure = async (count: number): Promise<number[]> => {
      const started = await startPending(count);
      return [
        () => started.store.setCell('t', 'r0', 'c1', 'mine'),
        () => started.commit([[{t: {r0: {c2: 'theirs'}}}, {}, 1]]),
        () => started.commit([[{t: {r1: {c1: 'theirs'}}}, {}, 1]]),
        () => started.commit([[{t: {r2: DELETED}}, {}, 1]]),
        () => started.commit(0, [1]),
        () => started.commit([], [2, 2]),
      ].map(countWork);
    };
    const [few, many] = [await measure(100), await measure(2_000)];
    // The number of a push is longer.
    few.forEach((work, index) =>
      expect(many[index]! - work).toBeLessThanOrEqual(2),
    );
  });

  test('is as much in all as for one, times their number', async () => {
    const measure = async (count: number): Promise<number> => {
      const {store, commit} = await startPending(count);
      const work = countWork(() => {
        for (let id = 1; id <= count; id++) {
          commit([[{t: {[`r${id}`]: {c1: 1, c2: 2}}}, {}, 1]]);
        }
        for (let id = 1; id <= count; id++) {
          commit(0, [id]);
        }
      });
      expect(store.getRow('t', 'r1')).toMatchObject({c1: 'mine', c2: 2});
      return work;
    };
    expect((await measure(2_000)) / (await measure(500))).toBeLessThan(4.1);
  });

  test('of which all is refused at once, likewise', async () => {
    const measure = async (count: number): Promise<number> => {
      const {commit} = await startPending(count);
      const ids = Array.from({length: count}, (_, index) => index + 1);
      return countWork(() => commit([], [count, ...ids]));
    };
    expect((await measure(2_000)) / (await measure(500))).toBeLessThan(4.1);
  });
});
