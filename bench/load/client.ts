/**
 * A process of one client, of which the room is played. Prints how long something
 * takes it as JSON.
 */
import {createContent} from '../content.js';
import {median} from '../scenario.js';
import {
  type ClientHalf,
  createPlayedClient,
  type PlayedClient,
  serveContent,
} from './played-client.js';

export type ClientTask = 'startup' | 'commit' | 'pending';

export type ClientOptions = {
  half: ClientHalf;
  task: ClientTask;
  /** Of the content that the Store has. */
  cells: number;
  /** Of a commit. */
  commitCells: number;
  /** How many pushes are pending, and how many commits come in. */
  pending: number;
  repeats: number;
};

export type ClientResult = {ms: number};

const options = JSON.parse(process.argv[2]!) as ClientOptions;
serveContent(createContent(options.cells));

/** Resolves when what was delivered is in the Store. */
const untilThere = async (isThere: () => boolean): Promise<void> => {
  while (!isThere()) {
    await new Promise((resolve) => setImmediate(resolve));
  }
};

const COMMIT = JSON.stringify([
  {
    items: Object.fromEntries(
      Array.from({length: options.commitCells / 2}, (_, row) => [
        `row${row}`,
        {done: 'told', count: -1},
      ]),
    ),
  },
  {},
  1,
]);

const run: {[task in ClientTask]: (client: PlayedClient) => Promise<unknown>} =
  {
    startup: (client) => client.start(),

    commit: async ({store, deliver}) => {
      deliver(COMMIT);
      const lastRow = `row${options.commitCells / 2 - 1}`;
      await untilThere(() => store.getCell('items', lastRow, 'count') == -1);
    },

    pending: async ({store, deliver, answer}) => {
      const rows = options.cells / 10;
      for (let i = 0; i < options.pending; i++) {
        store.setCell('items', `row${i % rows}`, 'done', `mine${i}`);
      }
      for (let i = 0; i < options.pending; i++) {
        deliver(
          `[{"items":{"row${i % rows}":{"count":${-i}}}},{"last":${i}},1]`,
        );
      }
      answer();
      await untilThere(() => store.getValue('last') == options.pending - 1);
    },
  };

const times: number[] = [];
for (let i = 0; i < options.repeats; i++) {
  const client = createPlayedClient(options.half);
  if (options.task != 'startup') {
    await client.start();
  }
  globalThis.gc?.();
  const startedAt = performance.now();
  await run[options.task](client);
  times.push(performance.now() - startedAt);
  await client.stop();
}
const result: ClientResult = {ms: median(times)};
console.log(JSON.stringify(result));
process.exit(0);
