/** A Store that tells a sink what a mirror would. */
import {createStore, type Store} from 'tinybase';
import type {Batch, Commit, Position} from '../../src/mirror/sink.js';

export type MirroredStore = {
  store: Store;
  readonly position: Position;
  /** What has happened since the sink was at `after`. */
  getBatch(after: Position | undefined): Batch;
};

export const createMirroredStore = (
  room: string,
  epoch = 'epoch',
): MirroredStore => {
  const store = createStore();
  const commits: Commit[] = [];
  let offset = 0;
  store.addDidFinishTransactionListener(() => {
    const changes = structuredClone(store.getTransactionChanges());
    commits.push({
      epoch,
      after: offset,
      offset: ++offset,
      time: 1767323045678 + offset,
      changes: [changes],
    });
  });
  return {
    store,
    get position() {
      return {epoch, offset};
    },
    getBatch: (after) => ({
      room,
      after,
      position: {epoch, offset},
      time: 1767323045678 + offset,
      commits: after && commits.slice(after.offset),
      content: structuredClone(store.getContent()),
    }),
  };
};
