/** What is in a room without any client: what its own code writes, or a past. */
import {createStore} from 'tinybase';
import {parseChanges} from '../../src/protocol/parse-changes.js';
import type {Room} from '../../src/server/room.js';
import {createContent, type Source, transact} from './edits.js';
import {type FlatContent, flatten} from './flat-content.js';
import type {World} from './world.js';

/** The room's own code changes something, in one of its two ways. */
export const writeAsApp = async (
  world: World,
  room: Room<any>,
  source: Source,
): Promise<void> => {
  const {store} = room;
  if (!store) {
    await room.load();
  } else if (source.random.chance(0.7)) {
    world.note('room writes');
    world.count('room writes');
    transact(store, source);
  } else {
    world.note('room applies');
    world.count('room applies');
    const scratch = createStore().setJson(store.getJson());
    let changes: unknown;
    scratch.addDidFinishTransactionListener(() => {
      changes = scratch.getTransactionChanges();
    });
    transact(scratch, source);
    const text = JSON.stringify(changes, (_, thing) =>
      thing === undefined ? '\uFFFC' : thing,
    );
    await room.apply(parseChanges(JSON.parse(text))!);
  }
};

/** Content in the layout of TinyBase's own server half, and an app's key. */
export const createTakeover = (
  world: World,
  source: Source,
): [entries: {[key: string]: unknown}, content: FlatContent] => {
  const {storagePrefix} = world.profile;
  const content = flatten(createContent(source));
  const entries: {[key: string]: unknown} = {
    [storagePrefix + 'hasStore']: 1,
    [storagePrefix + 'app']: {own: 10n},
  };
  for (const [path, atom] of content) {
    const [area, ...ids] = JSON.parse(path);
    entries[
      storagePrefix +
        (area == 't' ? `t${JSON.stringify(ids).slice(1, -1)}` : `v${ids[0]}`)
    ] = atom;
  }
  return [entries, content];
};
