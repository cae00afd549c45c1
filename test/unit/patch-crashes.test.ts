/** Whenever the room dies, a PATCH that is sent until it is answered is taken once. */
import {describe, expect, test} from 'vitest';
import {createMemoryStorage} from '../support/memory-storage.js';
import {createLife, type Life} from '../support/mortal-storage.js';
import {createPatchedRoom} from '../support/patched-room.js';
import {createRandomInteger} from '../support/random-edits.js';

const PATCHES = 12;
/** Others: `SEED=2 npx vitest run test/unit`. */
const SEED = Number(process.env.SEED ?? 1);

type Storage = Life['storage'];

/** Of each fifth the hooks refuse everything. */
const isRefused = (n: number): boolean => n % 5 == 0;

/** What is lost at a write: it, or only the news that it is done. */
const LOSSES = ['the write', 'its answer'] as const;

/** A storage that does its last write, but does not get to say so. */
const createSilent = (life: Life, lastWrite: number): Storage => {
  let writes = 0;
  const write = async <Result>(run: () => Promise<Result>): Promise<Result> => {
    const result = await run();
    if (++writes == lastWrite) {
      life.end();
      await new Promise(() => {});
    }
    return result;
  };
  return {
    ...life.storage,
    put: (...args: [any, any?]) => write(() => life.storage.put(...args)),
    delete: (keys) => write(() => life.storage.delete(keys)),
  };
};

const start = (
  memory: Storage,
  loss: (typeof LOSSES)[number],
  lastWrite: number,
) => {
  const isWriteLost = loss == 'the write';
  const life = createLife(memory, {at: null}, isWriteLost ? lastWrite : NaN);
  const storage = isWriteLost ? life.storage : createSilent(life, lastWrite);
  const hooks = {
    canSetCell: (_tableId: string, rowId: string) => !isRefused(+rowId),
  };
  const {room, patch} = createPatchedRoom({storage, hooks});
  return {room, patch, life};
};

/** Sends each PATCH until it is answered, in lives that end at some write. */
const run = async (
  loss: (typeof LOSSES)[number],
  getLastWrite: () => number,
) => {
  const memory = createMemoryStorage();
  let lives = 0;
  const live = () => (lives++, start(memory, loss, getLastWrite()));
  let {room, patch, life} = live();
  const ask = async <Result>(
    run: () => Promise<Result>,
  ): Promise<Result | undefined> => {
    const result = await Promise.race([run(), life.over.then(() => undefined)]);
    if (life.isOver) {
      ({room, patch, life} = live());
    }
    return result;
  };
  const untilDone = async <Result>(
    send: () => Promise<Result>,
    meanwhile = async () => {},
  ): Promise<Result> => {
    for (;;) {
      const result = await ask(send);
      if (result !== undefined) {
        return result;
      }
      await meanwhile();
    }
  };
  const put = () => room.room.putContent([{}, {start: 0}], null);
  await untilDone(put);
  const statuses: string[] = [];
  for (let n = 1; n <= PATCHES; n++) {
    const values = isRefused(n) ? {} : {last: n};
    const changes = [{t: {[n]: {n}}}, values, 1];
    const {status, answer} = await untilDone(
      async () => {
        const response = await patch(changes, {'Idempotency-Key': `m.${n}`});
        return {status: response.status, answer: await response.json()};
      },
      // Somebody else writes before it comes again.
      async () => {
        await untilDone(() => patch([{t: {[n]: {n: 'other'}}}, {}, 1]));
      },
    );
    statuses.push(`${status}${answer.repeated ? ' repeated' : ''}`);
    expect(status).toBe(isRefused(n) ? 403 : 200);
  }
  const commits = await untilDone(() =>
    room.room.read((state) =>
      state.readCommits(1, {maxCount: 1_000, maxBytes: 10_000_000}),
    ),
  );
  const applied = commits!.flatMap(({list}) =>
    list.flatMap(([, {last}]) => (last === undefined ? [] : [last])),
  );
  const all = Array.from({length: PATCHES}, (_, index) => index + 1);
  expect(applied).toEqual(all.filter((n) => !isRefused(n)));
  return {lives, statuses: new Set(statuses)};
};

describe('a crash', () => {
  test.each(LOSSES)(
    'B7: at any write that loses %s lets a PATCH be taken once',
    async (loss) => {
      const seen = new Set<string>();
      for (let write = 1; write <= PATCHES + 2; write++) {
        let isFirst = true;
        const {statuses} = await run(loss, () => {
          const lastWrite = isFirst ? write : Infinity;
          isFirst = false;
          return lastWrite;
        });
        statuses.forEach((status) => seen.add(status));
      }
      const taken = ['200', '403'];
      expect([...seen].sort()).toEqual(
        loss == 'the write' ? taken : ['200', '200 repeated', '403'],
      );
    },
  );

  test.each(LOSSES)(
    `B7: after crash, losing %s, lets a PATCH be taken once (seed ${SEED})`,
    async (loss) => {
      const random = createRandomInteger(SEED);
      for (let times = 0; times < 30; times++) {
        const {lives} = await run(loss, () => 2 + random(4));
        expect(lives).toBeGreaterThan(3);
      }
    },
  );
});
