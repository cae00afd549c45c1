/**
 * Two storages between which a room moves, back and forth, while it is written to
 * and either crashes at any write: one of them has it, with all it has answered.
 */
import {expect, test} from 'vitest';
import {createMovingRoom, getAnswered} from '../support/moving-rooms.js';
import {createRandomInteger} from '../support/random-edits.js';

const SEEDS = Number(process.env.SEEDS ?? 150);
const FIRST_SEED = Number(process.env.SEED ?? 1);
const STEPS = 60;

const CLIENTS = ['c0', 'c1'];
/** So long that what is pushed is compacted now and then. */
const LONG = 'long '.repeat(8_000);

const run = async (seed: number): Promise<Record<string, number>> => {
  const random = createRandomInteger(seed);
  const sides = [
    createMovingRoom('', 'http://a/parties/main'),
    createMovingRoom('other/', 'http://b/parties/main'),
  ] as const;
  /** Which of them is to have it. */
  let home = 0;
  let isNew = true;
  /** The last push of each client that was made, and answered. */
  const made = new Map(CLIENTS.map((id) => [id, 0]));
  const answered = new Map(CLIENTS.map((id) => [id, 0]));
  let moves = 0;
  const visits = {home: 0, other: 0};

  const start = (isMortal: boolean) => {
    const [one, other] = [sides[home]!, sides[1 - home]!];
    const die = () => (isMortal && random(2) ? 1 + random(8) : undefined);
    other.start({lastWrite: die()});
    one.start({
      origin: isNew ? undefined : other,
      lastWrite: die(),
      maxLines: isMortal && !random(3) ? random(12) : undefined,
    });
  };

  /** A client comes to a side, and sends what is unanswered, or something new. */
  const visit = async (at: number, clientId: string) => {
    const side = sides[at]!;
    const connection = side.room.connect();
    const welcome = await side
      .survive(connection.greet({clientId}))
      .catch(() => undefined);
    if (!welcome) {
      return;
    }
    const [last] = welcome[4];
    expect(last, `${clientId} was answered`).toBeGreaterThanOrEqual(
      answered.get(clientId)!,
    );
    visits[at === home ? 'home' : 'other']++;
    if (made.get(clientId) == last) {
      made.set(clientId, last + 1);
    }
    const id = made.get(clientId)!;
    const row = {id, text: random(4) ? '' : LONG};
    const pushed = connection.push(id, {[clientId]: {[`${id}`]: row}});
    await side.survive(pushed).catch(() => {});
    answered.set(clientId, Math.max(last, getAnswered(connection)));
  };

  for (let step = 0; step < STEPS; step++) {
    const clientId = CLIENTS[random(CLIENTS.length)]!;
    switch (random(10)) {
      case 0:
        home = 1 - home;
        isNew = false;
        moves++;
        start(true);
        break;
      case 1:
        start(true);
        break;
      case 2:
        // Who has not heard of the move, or comes by the old address.
        if (sides[1 - home]!.storage.getEntries().length) {
          await visit(1 - home, clientId);
        }
        break;
      default:
        await Promise.all(CLIENTS.map((id) => visit(home, id)));
    }
  }
  start(false);
  const side = sides[home]!;
  const content = (await side.room.getContent()) ?? [{}, {}];
  let pushes = 0;
  for (const clientId of CLIENTS) {
    const ids = Object.keys(content[0][clientId] ?? {}).map(Number);
    const last = Math.max(0, ...ids);
    expect(last, clientId).toBeGreaterThanOrEqual(answered.get(clientId)!);
    expect(last).toBeLessThanOrEqual(made.get(clientId)!);
    expect(ids).toHaveLength(last);
    pushes += last;
  }
  const {offset} = await side.room.getPosition();
  // The first content may be of both.
  expect([pushes - 1, pushes], 'each push is one step').toContain(offset);
  const key = `${side.storagePrefix}#tbpk:move`;
  const arrivals = (await side.storage.get(key))?.moves ?? 0;
  return {moves, pushes, arrivals, ...visits};
};

test(
  `one storage has the room, from ${SEEDS} seeds`,
  {timeout: 120_000},
  async () => {
    const sums: Record<string, number> = {};
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      try {
        for (const [name, count] of Object.entries(await run(seed))) {
          sums[name] = (sums[name] ?? 0) + count;
        }
      } catch (error) {
        throw new Error(`seed ${seed}`, {cause: error});
      }
    }
    console.log(JSON.stringify(sums));
    expect(sums['arrivals']).toBeGreaterThan(SEEDS);
  },
);
