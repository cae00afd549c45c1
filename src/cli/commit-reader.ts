/** Each commit of a room once and by itself, of what its live feed tells. */
import type {RoomEvent, Whole} from '../mirror/room-events.js';
import type {Commit, Position} from '../mirror/sink.js';
import {readCommits} from './room-history.js';
import type {Room} from './room.js';

export type CommitReaderOptions = {
  signal: AbortSignal;
  onCommit(commit: Commit): Promise<void>;
  /** The room has its first content, or another history, or told no more. */
  onWhole(whole: Whole): Promise<void>;
};

/** What `followRoom` follows a room for. */
export type CommitReader = ReturnType<typeof createCommitReader>;

export const createCommitReader = (
  room: Room,
  start: Position | undefined,
  {signal, onCommit, onWhole}: CommitReaderOptions,
) => {
  let place = start;

  /** By the history; answers whether that has led there. */
  const readUpTo = async (to: Position): Promise<boolean> => {
    if (place?.epoch !== to.epoch) {
      return false;
    }
    for await (const page of readCommits(room, place, signal)) {
      if (page == 'gone') {
        return false;
      }
      for (const commit of page) {
        place = {epoch: commit.epoch, offset: commit.offset};
        await onCommit(commit);
      }
      if (place.offset >= to.offset) {
        return true;
      }
    }
    return place.offset >= to.offset;
  };

  const isKnown = ({epoch, offset}: Position): boolean =>
    place?.epoch === epoch && place.offset >= offset;

  return {
    getStart: async (): Promise<Position | undefined> => place,

    take: async (events: RoomEvent[]): Promise<void> => {
      for (const event of events) {
        const to: Position = event.kind == 'whole' ? event : event.commit;
        const isSingle =
          event.kind == 'commit' && event.commit.time !== undefined;
        if (isKnown(to) || (!isSingle && (await readUpTo(to)))) {
          continue;
        }
        if (event.kind == 'whole') {
          await onWhole(event);
        } else {
          await onCommit(event.commit);
        }
        place = {epoch: to.epoch, offset: to.offset};
      }
    },

    /** All that the room tells of what is past; false where it does not. */
    readOn: async (to: Position): Promise<boolean> =>
      isKnown(to) || (await readUpTo(to)),
  };
};
