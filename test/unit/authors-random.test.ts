/** Random turns of many authors: each commit is its author's alone. */
import {expect, test} from 'vitest';
import {
  createMemoryRoom,
  type MemoryConnection,
} from '../support/memory-room.js';
import {createRandomInteger} from '../support/random-edits.js';

/** Others: `SEED=2 npx vitest run test/unit`. */
const SEED = Number(process.env.SEED ?? 1);
const ROUNDS = 60;

const AUTHORS = ['ann', 'bob', 'cron', 'nobody'];

type Who = MemoryConnection | {id: string} | null;

/** Of `ann-1` it is `ann`, sometimes later; `nobody` is nobody. */
const createGetAuthor =
  (random: (below: number) => number) =>
  (who: Who): string | undefined | Promise<string | undefined> => {
    const name = who?.id.split('-')[0];
    const author = name == 'nobody' ? undefined : name;
    return random(2) ? author : Promise.resolve(author);
  };

[SEED, SEED + 1, SEED + 2].forEach((seed) =>
  test(`V16, P2: commits are of one author each (seed ${seed})`, async () => {
    const random = createRandomInteger(seed);
    const memory = createMemoryRoom({getAuthor: createGetAuthor(random)});
    await memory.room.putContent([{}, {}], null);
    const numbers = new Map<string, number>();
    const expected: Record<string, string> = {};
    let lastValue = 0;

    for (let round = 0; round < ROUNDS; round++) {
      memory.restart();
      const position = await memory.getPosition();
      const greeted: MemoryConnection[] = [];
      for (const author of AUTHORS) {
        for (const index of [1, 2]) {
          const connection = memory.connect(`${author}-${index}`);
          await connection.greet(position);
          greeted.push(connection);
        }
      }
      const legacy = AUTHORS.map((author) => memory.connect(`${author}-old`));
      const {room} = memory;
      const write = (): Promise<unknown> | undefined => {
        const id = `v${++lastValue}`;
        const note = (author: string) => {
          expected[id] = author;
          return {[id]: author};
        };
        const author = AUTHORS[random(AUTHORS.length)]!;
        switch (random(5)) {
          case 0:
            return room.apply([{}, note('nobody'), 1]);
          case 1: {
            const number = (numbers.get(author) ?? 0) + 1;
            numbers.set(author, number);
            const send = (values: any) =>
              room.patchContent([{}, values, 1], {
                who: {id: author},
                length: 0,
                key: {client: author, number},
                ...(random(3) ? {} : {isMet: () => true}),
              });
            return Promise.all([send(note(author)), send({[id]: 'twice'})]);
          }
          case 2: {
            const [old] = legacy.splice(random(legacy.length), 1);
            legacy.push(old!);
            const by = old!.id.split('-')[0]!;
            return old!.say(`s${JSON.stringify([{}, note(by), 1])}`);
          }
          default: {
            const connection = greeted[random(greeted.length)]!;
            const {id: name} = connection;
            const mutationId = (numbers.get(name) ?? 0) + 1;
            numbers.set(name, mutationId);
            return connection.push(mutationId, {}, note(name.split('-')[0]!));
          }
        }
      };
      const jobs = Array.from({length: 1 + random(12)}, write);
      await Promise.all(jobs.map((job) => Promise.resolve(job)));
    }

    const commits = await memory.room.read((state) =>
      state.readCommits(1, {maxCount: 10_000, maxBytes: 10_000_000}),
    );
    const told: Record<string, string> = {};
    for (const {list, author = 'nobody'} of commits!) {
      for (const [, values] of list) {
        for (const [id, value] of Object.entries(values)) {
          expect([id, value]).toEqual([id, author]);
          expect(told).not.toHaveProperty(id);
          told[id] = author;
        }
      }
    }
    expect(told).toEqual(expected);
    expect(await memory.getContent()).toEqual([{}, expected]);
    const count = Object.keys(expected).length;
    // Still several in one, where they are of one author.
    expect(commits!.length).toBeLessThan(0.95 * count);
  }),
);
