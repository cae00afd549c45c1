/**
 * The layout of TinyBase's own server half: `hasStore`, `t` and the JSON of
 * three ids, `v` and a Value's id, each behind the storage prefix.
 */
import type {Content} from '../protocol/changes.js';
import {getOwn, setOwn} from '../protocol/content.js';
import {parseContent, parseJson} from '../protocol/parse-changes.js';
import {type KeyValueStorage, readKeys} from './key-value-storage.js';

const HAS_STORE = 'hasStore';

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
  for await (const [key, atom] of readKeys(storage, prefix)) {
    const id = key.slice(prefix.length + 1);
    if (!parseContent([{}, {atom}])) {
      continue;
    }
    if (key[prefix.length] == 't') {
      const ids = parseJson(`[${id}]`);
      if (
        Array.isArray(ids) &&
        ids.length == 3 &&
        ids.every((part) => typeof part == 'string')
      ) {
        const [tableId, rowId, cellId] = ids as [string, string, string];
        const tables = content[0] as any;
        const table: any =
          getOwn(tables, tableId) ?? setOwn(tables, tableId, {});
        const row: any = getOwn(table, rowId) ?? setOwn(table, rowId, {});
        setOwn(row, cellId, atom);
        keys.push(key);
      }
    } else if (key[prefix.length] == 'v') {
      setOwn(content[1], id, atom as any);
      if (prefix) {
        keys.push(key);
      }
    }
  }
  return {content: parseContent(content)!, keys};
};
