/**
 * The layout of TinyBase's own server half: `hasStore`, `t` and the JSON of
 * three ids, `v` and a Value's id, each behind the storage prefix.
 */
import type {Atom, Content} from '../../protocol/changes.js';
import {getOwn, setOwn} from '../../protocol/content.js';
import {parseContent, parseJson} from '../../protocol/parse-changes.js';
import type {CompactionStorage, Steps} from './compaction.js';
import {
  type KeyValueStorage,
  readKeys,
  writeKeys,
} from './key-value-storage.js';

/** Most that are deleted at a time. */
const KEYS_A_STEP = 100;

export const HAS_STORE = 'hasStore';

const parseIds = (text: string): [string, string, string] | undefined => {
  const ids = parseJson(`[${text}]`);
  return Array.isArray(ids) &&
    ids.length == 3 &&
    ids.every((id) => typeof id == 'string')
    ? (ids as [string, string, string])
    : undefined;
};

/** A Cell or Value of TinyBase's, and whether the key is surely its own. */
type Found = {
  key: string;
  ids: [string, string, string] | undefined;
  valueId: string;
  atom: Atom;
  isSure: boolean;
};

/**
 * What is stored in that layout. Without a storage prefix a key like `votes` may
 * be a Value or the app's own: it is read as TinyBase does, but is not sure.
 */
async function* readFound(
  storage: KeyValueStorage,
  prefix: string,
): AsyncGenerator<Found> {
  for await (const [key, thing] of readKeys(storage, prefix)) {
    const type = key[prefix.length];
    const id = key.slice(prefix.length + 1);
    const ids = type == 't' ? parseIds(id) : undefined;
    const atom =
      ids || type == 'v' ? parseContent([{}, {thing}])?.[1].thing : undefined;
    if (atom !== undefined) {
      yield {key, ids, valueId: id, atom, isSure: !!ids || prefix != ''};
    }
  }
}

/** The content stored in that layout; undefined where there is none. */
export const readLegacyLayout = async (
  storage: KeyValueStorage,
  prefix: string,
): Promise<Content | undefined> => {
  if (!(await storage.get(prefix + HAS_STORE))) {
    return undefined;
  }
  const content: Content = [{}, {}];
  for await (const {ids, valueId, atom} of readFound(storage, prefix)) {
    if (ids) {
      const tables = content[0] as any;
      const table: any = getOwn(tables, ids[0]) ?? setOwn(tables, ids[0], {});
      const row: any = getOwn(table, ids[1]) ?? setOwn(table, ids[1], {});
      setOwn(row, ids[2], atom);
    } else {
      setOwn(content[1], valueId, atom);
    }
  }
  return content;
};

/** Deletes, in steps, what is surely TinyBase's. */
export async function* deleteLegacyKeys(
  {storage, isOver}: CompactionStorage,
  prefix: string,
): Steps {
  const keys: string[] = [];
  const deleteAll = async () => {
    if (!isOver()) {
      await writeKeys(storage, [], keys.splice(0));
    }
  };
  for await (const {key, isSure} of readFound(storage, prefix)) {
    if (isSure) {
      keys.push(key);
    }
    if (keys.length == KEYS_A_STEP) {
      await deleteAll();
      yield undefined;
    }
  }
  await deleteAll();
}
