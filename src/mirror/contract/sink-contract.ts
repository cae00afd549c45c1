/** The suite that any sink has to pass. */
import process from 'node:process';
import {basicCases} from './cases/basics.js';
import {createBigCases} from './cases/big.js';
import {hostileCases} from './cases/hostile.js';
import {orderCases} from './cases/order.js';
import {createRandomCases} from './cases/random.js';
import {createCase} from './scene.js';
import type {SinkCase, SinkContractOptions, SinkStorage} from './types.js';

const DEFAULT_RANDOM_BATCHES = 150;
const DEFAULT_CELLS = 20_000;

const chooseSeed = (): number => {
  const seed = Number(process.env.SEED || Number.NaN);
  return Number.isSafeInteger(seed) ? seed : Math.floor(Math.random() * 1e9);
};

/**
 * Tests that say whether a sink keeps what it promises, for any test runner on
 * Node. `createStorage` is called once for each of them: it makes something
 * empty, and says how to make sinks on it. Only names and order of the tests are
 * yours to choose from, so leave out by its name what your sink cannot have.
 *
 * Of a sink whose `read` gives no content, and a storage without `readContent`,
 * positions are checked alone.
 *
 * @example
 * ```ts
 * import {mkdtemp, rm} from 'node:fs/promises';
 * import {tmpdir} from 'node:os';
 * import {join} from 'node:path';
 * import type {Sink} from 'tinybase-partykit/mirror';
 * import {sinkContract} from 'tinybase-partykit/mirror/contract';
 * import {test} from 'vitest';
 *
 * declare const createFileSink: (folder: string) => Sink;
 *
 * const cases = sinkContract(async () => {
 *   const folder = await mkdtemp(join(tmpdir(), 'sink-'));
 *   return {
 *     createSink: () => createFileSink(folder),
 *     remove: () => rm(folder, {recursive: true}),
 *   };
 * });
 * for (const {name, run} of cases) {
 *   test(name, run);
 * }
 * ```
 */
export const sinkContract = (
  createStorage: () => SinkStorage | Promise<SinkStorage>,
  {
    seed = chooseSeed(),
    randomBatches = DEFAULT_RANDOM_BATCHES,
    cells = DEFAULT_CELLS,
  }: SinkContractOptions = {},
): SinkCase[] =>
  Object.entries({
    ...basicCases,
    ...orderCases,
    ...hostileCases,
    ...createBigCases(cells),
    ...createRandomCases(seed, randomBatches),
  }).map(([name, act]) => createCase(name, act, createStorage));
