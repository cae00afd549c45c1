/**
 * Counts what code goes through: entries of Maps and Sets, items of arrays, keys
 * of objects, text of JSON. Unlike time it is the same on any machine.
 */

type Patch = [things: any, name: string | symbol, patched: unknown];

const COLLECTIONS = [Map.prototype, Set.prototype];
const ACCESSES = ['get', 'set', 'add', 'has', 'delete'];
const ITERATIONS = ['keys', 'values', 'entries', Symbol.iterator];
const WALKS = [
  ...['forEach', 'map', 'flatMap', 'filter', 'every', 'some', 'find'],
  ...['findIndex', 'findLast', 'includes', 'indexOf', 'slice', 'reduce'],
];

/** What a synchronous run goes through, TinyBase's part included. */
export const countWork = (run: () => void): number => {
  let work = 0;
  const patches: Patch[] = [];

  /** Has `getCost` told of each call: of its result, its `this` and arguments. */
  const patch = (
    things: any,
    name: string | symbol,
    getCost: (result: any, self: any, args: any[]) => number,
  ): void => {
    const original = things[name];
    if (original) {
      patches.push([
        things,
        name,
        function (this: any, ...args: unknown[]) {
          const result = original.apply(this, args);
          work += getCost(result, this, args);
          return result;
        },
      ]);
    }
  };

  /** Has each step of an iteration counted. */
  const patchIteration = (things: any, name: string | symbol): void => {
    const original = things[name];
    if (original) {
      patches.push([
        things,
        name,
        function (this: any) {
          const iterator = original.call(this);
          return {
            next: () => {
              work++;
              return iterator.next();
            },
            [Symbol.iterator]() {
              return this;
            },
          };
        },
      ]);
    }
  };

  for (const collection of COLLECTIONS) {
    ACCESSES.forEach((name) => patch(collection, name, () => 1));
    patch(collection, 'forEach', (_, {size}) => size);
    ITERATIONS.forEach((name) => patchIteration(collection, name));
  }
  WALKS.forEach((name) =>
    patch(Array.prototype, name, (_, {length}) => length),
  );
  ITERATIONS.forEach((name) => patchIteration(Array.prototype, name));
  for (const name of ['keys', 'values', 'entries']) {
    patch(Object, name, ({length}) => length);
  }
  patch(JSON, 'parse', (_, __, [text]) => text.length);
  patch(JSON, 'stringify', (text) => text?.length ?? 0);

  const exchange = ([things, name, thing]: Patch): Patch => {
    const before = Object.getOwnPropertyDescriptor(things, name)!;
    Object.defineProperty(things, name, {...before, value: thing});
    return [things, name, before.value];
  };
  // The patches must not count themselves.
  const originals: Patch[] = [];
  for (let index = 0; index < patches.length; index++) {
    originals[index] = exchange(patches[index]!);
  }
  try {
    run();
  } finally {
    for (let index = 0; index < originals.length; index++) {
      exchange(originals[index]!);
    }
  }
  return work;
};
