/**
 * A process of one client that holds a large content. Prints what that takes on
 * the heap as JSON; wants `--expose-gc`.
 */
import {createContent} from '../content.js';
import {
  type ClientHalf,
  createPlayedClient,
  serveContent,
} from './played-client.js';

export type ClientMemoryOptions = {
  half: ClientHalf;
  cells: number;
  /** How many changes the room has not answered. */
  pending: number;
};

export type ClientMemoryResult = {heapBytes: number};

const options = JSON.parse(process.argv[2]!) as ClientMemoryOptions;

const getHeapBytes = async (): Promise<number> => {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    globalThis.gc!();
  }
  return process.memoryUsage().heapUsed;
};

serveContent(createContent(10));
// What is made once is not a client's.
const warm = createPlayedClient(options.half);
await warm.start();
await warm.stop();

serveContent(createContent(options.cells));
const before = await getHeapBytes();
const client = createPlayedClient(options.half);
await client.start();
for (let i = 0; i < options.pending; i++) {
  client.store.setCell('items', `row${i}`, 'done', `mine${i}`);
}
const after = await getHeapBytes();
const result: ClientMemoryResult = {heapBytes: after - before};
console.log(JSON.stringify(result));
// Used to the end, so that nothing of it was garbage.
await client.stop();
process.exit(0);
