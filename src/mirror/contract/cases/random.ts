/** Random batches, with all that happens to a mirror between them. */
import type {Store} from 'tinybase';
import {isSamePosition} from '../../sink.js';
import {ModelRoom} from '../model-room.js';
import type {Act, Cases} from '../scene.js';

type RandomInteger = (limit: number) => number;

/** Says the same for the same seed (mulberry32). */
const createRandomInteger = (seed: number): RandomInteger => {
  let state = seed | 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
};

// So few that edits meet on the same ones all the time.
const IDS = ['a', 'b', 'A', '__proto__', ''];

const createThing = (random: RandomInteger): any =>
  [
    random(1_000),
    -random(1_000) / 7,
    `s${random(1_000)}`,
    '',
    null,
    true,
    false,
    {n: random(1_000)},
    [random(1_000), null],
  ][random(9)];

const edit = (random: RandomInteger) => (store: Store) => {
  const id = (): string => IDS[random(IDS.length)]!;
  const actions: [weight: number, act: () => unknown][] = [
    [9, () => store.setCell(id(), id(), id(), createThing(random))],
    [3, () => store.delCell(id(), id(), id())],
    [3, () => store.setRow(id(), id(), {[`c${random(3)}`]: random(9)})],
    [3, () => store.delRow(id(), id())],
    [1, () => store.setTable(id(), {r: {c: random(9)}, s: {c: 0}})],
    [1, () => store.delTable(id())],
    [4, () => store.setValue(id(), createThing(random))],
    [2, () => store.delValue(id())],
    [1, () => random(8) || store.delTables()],
  ];
  let left = random(actions.reduce((sum, [weight]) => sum + weight, 0));
  actions.find(([weight]) => (left -= weight) < 0)![1]();
};

const writeAtRandom =
  (seed: number, batches: number): Act =>
  async (scene) => {
    const random = createRandomInteger(seed);
    let sink = await scene.openSink();
    const rooms = ['one', 'two'].map((id) =>
      new ModelRoom(id).commit(edit(random)),
    );
    for (let batch = 0; batch < batches; batch++) {
      const room = rooms[random(rooms.length)]!;
      const edits = Array.from({length: random(6)}, () => edit(random));
      const what = random(20);
      if (what == 0) {
        room.restart((store) => edits.forEach((one) => one(store)));
      } else if (what < 3) {
        room.commit(edit(random), ...edits).forgetCommits();
      } else if (what < 6) {
        room.commitNet((store) => edits.forEach((one) => one(store)));
      } else {
        room.commit(edit(random), ...edits);
      }
      const written = await scene.write(sink, room);
      // One in which nothing has happened follows on itself.
      const {after, position} = written;
      if (random(8) == 0 && !isSamePosition(after, position)) {
        await scene.refuse(sink, written, room);
      }
      if (random(15) == 0) {
        sink = await scene.openSink();
      }
    }
    for (const room of rooms) {
      await scene.check(sink, room);
    }
  };

export const createRandomCases = (seed: number, batches: number): Cases => ({
  [`writes ${batches} random batches (SEED=${seed})`]: writeAtRandom(
    seed,
    batches,
  ),
});
