/** Makes the archive of a room, page by page. */
import type {Head} from '../storage/head.js';
import {
  type KeyValueStorage,
  readKeys,
  type ReadOptions,
} from '../storage/key-value-storage.js';
import {Layout} from '../storage/layout.js';
import {endsBy} from '../storage/log-entries.js';
import {RoomLog} from '../storage/room-log.js';
import {encodeText} from '../storage/pieces.js';
import {
  type ArchiveEntry,
  type ArchiveHeader,
  encodeArchiveEntry,
  encodeEnd,
  encodeHeader,
} from './archive-lines.js';

/** How much is read at a time, and sent. */
const PAGE_BYTES = 1_000_000;
const CHUNK_LENGTH = 256_000;

export type ArchivedStorage = {
  storage: KeyValueStorage;
  storagePrefix: string;
};

/**
 * What the head speaks of: not what is left of the past, nor the app's own keys.
 * The head is the last.
 */
async function* readEntriesOf(
  storage: KeyValueStorage,
  layout: Layout,
  {leftovers: _, ...head}: Head,
): AsyncGenerator<ArchiveEntry> {
  const end = layout.getEntryEnd(head.tail.offset);
  // The page that goes on after the tail, if one does.
  const [before] = await storage.list({
    prefix: layout.entries,
    end,
    reverse: true,
    limit: 1,
  });
  if (before && before[0] < end && !endsBy(layout, before, head.tail.offset)) {
    yield before;
  }
  const ranges: [prefix: string, options?: ReadOptions][] = [
    [layout.getSnapshotPrefix(head.generation)],
    [layout.entries, {startAfter: end}],
    [layout.clients],
    [layout.webhooks],
  ];
  for (const [prefix, options] of ranges) {
    yield* readKeys(storage, prefix, {...options, pageBytes: PAGE_BYTES});
  }
  yield [layout.head, head];
}

/** The lines of the archive of a room, which nobody writes to any more. */
export async function* writeArchive(
  {storage, storagePrefix}: ArchivedStorage,
  standing: Pick<ArchiveHeader, 'moves' | 'isArriving'>,
): AsyncGenerator<string> {
  const layout = new Layout(storagePrefix);
  const log = new RoomLog(storage, storagePrefix);
  await log.open(() => '', true);
  const {epoch, offset} = log;
  yield encodeHeader({...standing, epoch, offset});
  let count = 0;
  if (epoch) {
    const head = (await storage.get(layout.head)) as Head;
    for await (const [key, value] of readEntriesOf(storage, layout, head)) {
      yield encodeArchiveEntry([layout.strip(key), value]);
      count++;
    }
  }
  yield encodeEnd(count);
}

/** A body of lines, made as quickly as it is read. */
export const streamLines = (
  lines: AsyncGenerator<string>,
): ReadableStream<Uint8Array> =>
  new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        let chunk = '';
        let isDone: boolean | undefined;
        while (!isDone && chunk.length < CHUNK_LENGTH) {
          const {done, value} = await lines.next();
          isDone = done;
          chunk += done ? '' : value + '\n';
        }
        if (chunk) {
          controller.enqueue(encodeText(chunk));
        }
        if (isDone) {
          controller.close();
        }
      },
      cancel: async () => {
        await lines.return(undefined);
      },
    },
    {highWaterMark: 0},
  );
