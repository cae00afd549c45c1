/** Writes an archive into a room's storage; the head, by which it counts, last. */
import {deleteKeys} from '../storage/compaction.js';
import {type KeyValueStorage, writeKeys} from '../storage/key-value-storage.js';
import type {Layout} from '../storage/layout.js';
import {parseArchiveLine} from './archive-lines.js';

/** How much is written at a time. */
const BATCH_KEYS = 100;
const BATCH_LENGTH = 1_000_000;

const HEAD = 'head';

/** Deletes what a room keeps that an archive brings: the head first. */
export const clearRoom = async (
  storage: KeyValueStorage,
  layout: Layout,
): Promise<void> => {
  const on = {storage, layout, isOver: () => false};
  for (const prefix of [
    layout.head,
    layout.clients,
    layout.webhooks,
    layout.entries,
    layout.getSnapshotPrefix(0),
    layout.getSnapshotPrefix(1),
  ]) {
    for await (const _ of deleteKeys(on, prefix)) {
      // In steps, for no more than that to be in memory.
    }
  }
};

/**
 * Writes the entries that follow an archive's header, in the place of what there
 * is. Until the last step, which writes `alongside`, too, there is no Store.
 *
 * @throws Where the archive has no end: it was cut off.
 */
export const unpackArchive = async (
  storage: KeyValueStorage,
  layout: Layout,
  {
    lines,
    alongside,
  }: {lines: AsyncIterator<string>; alongside: {[key: string]: unknown}},
): Promise<void> => {
  await clearRoom(storage, layout);
  let head: unknown;
  let count = 0;
  let length = 0;
  const puts: [key: string, value: unknown][] = [];
  for (;;) {
    const {done, value: line} = await lines.next();
    if (done) {
      throw new Error('The archive was cut off.');
    }
    const parsed = parseArchiveLine(line);
    if (typeof parsed == 'number') {
      if (parsed != count || !head) {
        throw new Error('The archive lacks some of its lines.');
      }
      break;
    }
    const [key, value] = parsed;
    count++;
    if (key == HEAD) {
      head = value;
      continue;
    }
    puts.push([layout.extend(key), value]);
    length += line.length;
    if (puts.length == BATCH_KEYS || length >= BATCH_LENGTH) {
      await writeKeys(storage, puts.splice(0));
      length = 0;
    }
  }
  await writeKeys(storage, puts);
  await storage.put({...alongside, [layout.head]: head});
};
