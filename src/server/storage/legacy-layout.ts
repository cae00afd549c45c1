/**
 * The layout of TinyBase's own server half: `hasStore`, `t` and the JSON of
 * three ids, `v` and a Value's id, each behind the storage prefix.
 */
import type {Content} from '../../protocol/changes.js';
import {getOwn, setOwn} from '../../protocol/content.js';
import {parseContent, parseJson} from '../../protocol/parse-changes.js';
import {type KeyValueStorage, readKeys} from './key-value-storage.js';

const HAS_STORE = 'hasStore';

const parseIds = (text: string): [string, string, string] | undefined => {
  const ids = parseJson(`[${text}]`);
  return Array.isArray(ids) &&
    ids.length == 3 &&
    ids.every((id) => typeof id == 'string')
    ? (ids as [string, string, string])
    : undefined;
};

/**
 * The content stored in that layout, and the keys that are surely its own;
 * undefined where there is none. Without a storage prefix a key like `votes`
 * may be a Value or the app's own: it is read as TinyBase does, but not listed.
 */
export const readLegacyLayout = async (
  storage: KeyValueStorage,
  prefix: string,
): Promise<{content: Content; keys: string[]} | undefined> => {
  if (!(await storage.get(prefix + HAS_STORE))) {
    return undefined;
  }
  const content: Content = [{}, {}];
  const keys = [prefix + HAS_STORE];
  for await (const [key, thing] of readKeys(storage, prefix)) {
    const type = key[prefix.length];
    const id = key.slice(prefix.length + 1);
    const ids = type == 't' ? parseIds(id) : undefined;
    if (!ids && type != 'v') {
      continue;
    }
    const atom = parseContent([{}, {thing}])?.[1].thing;
    if (atom === undefined) {
      continue;
    }
    if (ids) {
      const tables = content[0] as any;
      const table: any = getOwn(tables, ids[0]) ?? setOwn(tables, ids[0], {});
      const row: any = getOwn(table, ids[1]) ?? setOwn(table, ids[1], {});
      setOwn(row, ids[2], atom);
      keys.push(key);
    } else {
      setOwn(content[1], id, atom);
      if (prefix) {
        keys.push(key);
      }
    }
  }
  return {content, keys};
};
