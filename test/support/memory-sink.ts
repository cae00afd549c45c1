/** A sink in memory, which checks what it is given and fails where it is told to. */
import type {Content} from 'tinybase';
import {createStore} from 'tinybase';
import {
  type Batch,
  type Commit,
  createSink,
  type Position,
  type Sink,
} from 'tinybase-partykit/mirror';
import {canonicalize} from './content.js';

type Row = Position & {content: string; history: HistoryRow[]};

export type HistoryRow = {
  epoch: string;
  /** Null where it is all of the content. */
  after: number | null;
  offset: number;
  time: number | undefined;
  changes: Commit['changes'] | undefined;
};

/** What outlives the sinks over it. */
export interface SinkMemory {
  readonly rows: Map<string, Row>;
  /** What `write` does next: fails having written nothing, or all. */
  fault: 'before' | 'after' | undefined;
  /** Of `open` and `read`. */
  isDown: boolean;
  /** Writes that took effect. */
  writes: number;
}

export const createSinkMemory = (): SinkMemory => ({
  rows: new Map(),
  fault: undefined,
  isDown: false,
  writes: 0,
});

const isSame = (one?: Position, other?: Position): boolean =>
  one?.epoch === other?.epoch && one?.offset === other?.offset;

/** The history with a batch, which must follow on what is there. */
const extendHistory = (
  history: HistoryRow[],
  {commits, position: {epoch, offset}, time}: Batch,
): HistoryRow[] => {
  if (!commits) {
    return [...history, {epoch, after: null, offset, time, changes: undefined}];
  }
  const rows = [...history];
  for (const commit of commits) {
    const last = rows.at(-1);
    if (last?.offset !== commit.after || last.epoch !== commit.epoch) {
      throw new Error(
        `a commit after ${commit.after} follows on ${last?.offset}`,
      );
    }
    rows.push({
      epoch: commit.epoch,
      after: commit.after,
      offset: commit.offset,
      time: commit.time,
      changes: commit.changes,
    });
  }
  if (rows.at(-1)?.offset !== offset) {
    throw new Error(`the last commit is not at ${offset}`);
  }
  return rows;
};

/** What the commits of a batch make of the content before must be its content. */
const checkContent = (before: Row | undefined, batch: Batch): void => {
  if (batch.commits && before) {
    const store = createStore().setContent(JSON.parse(before.content));
    for (const {changes} of batch.commits) {
      changes.forEach((one) => store.applyChanges(one));
    }
    const expected = createStore().setContent(batch.content);
    if (store.getJson() != expected.getJson()) {
      const [one, other] = [store, expected].map((each) =>
        canonicalize(each.getContent()),
      );
      if (one != other) {
        throw new Error(
          `the content is not what the commits make:\n${one}\n${other}`,
        );
      }
    }
  }
};

export const createMemorySink = (
  memory: SinkMemory,
  {
    wantsEachCommit = false,
    keepsContent = true,
  }: {wantsEachCommit?: boolean; keepsContent?: boolean} = {},
): Sink =>
  createSink({
    wantsEachCommit,
    open: async () => {
      if (memory.isDown) {
        throw new Error('The sink is down.');
      }
    },
    read: async (room) => {
      if (memory.isDown) {
        throw new Error('The sink is down.');
      }
      const row = memory.rows.get(room);
      return (
        row && {
          epoch: row.epoch,
          offset: row.offset,
          ...(keepsContent
            ? {content: JSON.parse(row.content) as Content}
            : {}),
        }
      );
    },
    write: async (batch) => {
      const {fault} = memory;
      memory.fault = undefined;
      await Promise.resolve();
      if (fault == 'before' || memory.isDown) {
        throw new Error('The sink has written nothing.');
      }
      const {room, after, position, content} = batch;
      const row = memory.rows.get(room);
      if (!isSame(row, after)) {
        return false;
      }
      checkContent(row, batch);
      memory.rows.set(room, {
        ...position,
        content: JSON.stringify(content),
        history: extendHistory(row?.history ?? [], batch),
      });
      memory.writes++;
      if (fault == 'after') {
        throw new Error('The answer of the sink was lost.');
      }
      return true;
    },
    listRooms: async () => [...memory.rows.keys()],
  });
