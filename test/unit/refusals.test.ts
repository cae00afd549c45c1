/** What a hook refuses cannot be had by any other way. */
import fc from 'fast-check';
import {
  loadStoreFromStorage,
  TinyBasePartyKitServer,
} from 'tinybase-partykit/server';
import {createStore} from 'tinybase';
import {describe, expect, test} from 'vitest';
import type {Content} from '../../src/protocol/changes.js';
import {flatten, toText} from '../simulation/flat-content.js';
import {
  arbitraryChanges,
  arbitraryContent,
} from '../support/arbitrary-changes.js';
import {
  arbitraryChangesText,
  arbitraryContentText,
} from '../support/arbitrary-frames.js';
import {
  applyByRules,
  arbitraryRules,
  createRuledHooks,
  findBreaches,
  NO_RULES,
} from '../support/arbitrary-rules.js';
import {createFakeParty} from '../support/fake-party.js';
import {
  createMemoryRoom,
  type MemoryConnection,
  type MemoryRoom,
} from '../support/memory-room.js';
import type {MemoryStorage} from '../support/memory-storage.js';
import {parseNaiveChanges, parseNaiveContent} from '../support/naive-room.js';
import {getRuns} from '../support/runs.js';

/** Others: `SEED=2 npx vitest run test/unit`. */
const SEED = Number(process.env.SEED ?? 1);

const RUNS = getRuns('RUNS', 300);
const WAYS = ['push', 'fragments', 'legacy', 'unnumbered'] as const;

const arbitraryPush = fc.record({
  way: fc.constantFrom(...WAYS),
  text: fc.oneof(
    {weight: 3, arbitrary: arbitraryChanges.map((one) => JSON.stringify(one))},
    // What is no list is not taken for a push.
    {
      weight: 1,
      arbitrary: arbitraryChangesText.filter((text) => /^[[{]/.test(text)),
    },
  ),
});

const legacy = (text: string) => ({way: 'legacy' as const, text});

/** Says the same in one of the ways there are. */
const say = async (
  connection: MemoryConnection,
  mutationId: number,
  {way, text}: {way: (typeof WAYS)[number]; text: string},
): Promise<void> => {
  if (way == 'fragments') {
    const middle = text.length >> 1;
    await connection.say(`f[${mutationId},0,2]${text.slice(0, middle)}`);
    await connection.say(`f[${mutationId},1,2]${text.slice(middle)}`);
  } else {
    await connection.say(
      {
        push: `p[${mutationId},${text}]`,
        legacy: `s${text}`,
        unnumbered: `p[0,${text}]`,
      }[way],
    );
  }
};

/** Storage of a room that has had no rules until now. */
const store = async (content: Content): Promise<MemoryStorage> => {
  const {room, storage} = createMemoryRoom();
  await room.putContent(structuredClone(content), undefined);
  return storage;
};

const read = async (room: MemoryRoom) =>
  flatten((await room.getContent()) ?? [{}, {}]);

describe('what hooks refuse', () => {
  test(
    'P4, P7, P8: is not had by any pushes, and all else is',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          arbitraryContent,
          arbitraryRules,
          fc.array(arbitraryPush, {minLength: 1, maxLength: 6}),
          async (content, rules, pushes) => {
            const room = createMemoryRoom({
              storage: await store(content),
              hooks: createRuledHooks(rules),
            });
            const connection = room.connect();
            await connection.greet();
            let before = await read(room);
            let mutationId = 0;
            for (const push of pushes) {
              const isNumbered = push.way == 'push' || push.way == 'fragments';
              mutationId += isNumbered ? 1 : 0;
              await say(connection, mutationId, push);
              const after = await read(room);
              expect(findBreaches(before, after, rules)).toEqual([]);
              const changes = parseNaiveChanges(push.text) ?? [{}, {}];
              expect(toText(after)).toBe(
                toText(applyByRules(before, changes, rules)),
              );
              before = after;
            }
            room.restart();
            expect(toText(await read(room))).toBe(toText(before));
          },
        ),
        {seed: SEED, numRuns: RUNS},
      );
    },
    30_000 + RUNS * 40,
  );

  test(
    'P4, H2, H3: is not had by an initial PUT, and all else is',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.oneof(
            arbitraryContent.map((content) => JSON.stringify(content)),
            arbitraryContentText,
          ),
          arbitraryRules,
          async (text, rules) => {
            class Ruled extends TinyBasePartyKitServer {}
            Object.assign(Ruled.prototype, createRuledHooks(rules));
            const party = createFakeParty(Ruled);
            const {status} = await party.request('PUT', '/store', text);
            const content = parseNaiveContent(text);
            expect(status).toBe(content ? 201 : 400);
            const stored = flatten(
              await loadStoreFromStorage(party.party.storage),
            );
            expect(findBreaches(new Map(), stored, rules)).toEqual([]);
            expect(toText(stored)).toBe(
              toText(applyByRules(new Map(), content ?? [{}, {}], rules)),
            );
          },
        ),
        {seed: SEED, numRuns: RUNS},
      );
    },
    30_000 + RUNS * 40,
  );

  test(
    'P4, P8: is not had by what a schema makes of pushes',
    async () => {
      const schema = {
        a: {type: 'number', default: 1},
        b: {type: 'string', default: 'b'},
        c: {type: 'boolean'},
      } as const;
      await fc.assert(
        fc.asyncProperty(
          arbitraryRules,
          fc.array(arbitraryPush, {minLength: 2, maxLength: 8}),
          async (rules, pushes) => {
            const hooks = createRuledHooks(rules);
            const row = {a: -1, c: true};
            const room = createMemoryRoom({
              storage: await store([
                {a: {a: row, b: row}, c: {a: {c: true}}},
                {},
              ]),
              hooks,
              createStore: () =>
                createStore()
                  .setTablesSchema({a: schema, b: schema, c: {c: schema.c}})
                  .setValuesSchema(schema),
            });
            const connection = room.connect();
            let before = await read(room);
            for (const push of pushes) {
              await connection.say(`s${push.text}`);
              const after = await read(room);
              const defaults = [...after].filter(([key, atom]) => {
                const [what, ...path] = JSON.parse(key);
                const id = path.at(-1);
                const [canSet, canDel] = {
                  t: [rules.canSetCell, rules.canDelCell],
                  v: [rules.canSetValue, rules.canDelValue],
                }[what as 't' | 'v'];
                // What a schema gives a Cell that is deleted, set to what it
                // does not take, or new, is the app's.
                return (
                  atom === {a: 1, b: 'b'}[id as string] &&
                  !(
                    before.has(key) &&
                    canSet!.includes(id) &&
                    canDel!.includes(id)
                  )
                );
              });
              const breaches = findBreaches(
                new Map([...before, ...defaults]),
                after,
                rules,
              );
              expect(breaches).toEqual([]);
              before = after;
            }
          },
        ),
        {
          seed: SEED,
          numRuns: RUNS,
          // What the schema does not take keeps no Row or Table.
          examples: [
            [
              {...NO_RULES, canDelTable: ['c']},
              [legacy('[{"c":{"a":"\uFFFC","b":{"zz":1}}},{},1]')],
            ],
            [
              {...NO_RULES, canDelRow: ['a']},
              [legacy('[{"c":{"a":{"c":"\uFFFC","zz":1}}},{},1]')],
            ],
            [
              {...NO_RULES, canDelRow: ['a']},
              [legacy('[{"c":{"a":{"c":"\uFFFC","c2":"\uFFFD{}"}}},{},1]')],
            ],
          ],
        },
      );
    },
    30_000 + RUNS * 40,
  );
});
