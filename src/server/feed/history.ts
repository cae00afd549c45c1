/** A room's history, as far back as its log goes. */
import type {Content} from '../../protocol/changes.js';
import {encodeCommitEvent} from '../../protocol/commit-event.js';
import {MAX_PAGE_BYTES} from '../../protocol/limits.js';
import type {Room} from '../room.js';
import type {RoomState, StoredContent} from '../room-state.js';
import {encodeText} from '../storage/pieces.js';
import type {Place} from '../../protocol/place.js';

/** Commits as JSON, a text each. */
export type Page = {
  commits: string[];
  /** Where the next page begins, if there is one. */
  next: Place | undefined;
};

const isOf = ({epoch}: Place, state: RoomState): boolean =>
  epoch === undefined || epoch == state.epoch;

/**
 * Up to so many of the commits since a place, or fewer where they are long;
 * undefined where the log does not reach back to there.
 */
export const readPage = (
  room: Room<any>,
  since: Place,
  limit: number,
): Promise<Page | undefined> =>
  room.read(async (state) => {
    const {epoch, offset} = state;
    if (!epoch && !since.epoch && !since.offset) {
      return {commits: [], next: undefined};
    }
    const commits = isOf(since, state)
      ? await state.readCommits(since.offset, {
          maxCount: limit,
          maxBytes: MAX_PAGE_BYTES,
        })
      : undefined;
    if (!commits) {
      return undefined;
    }
    let after = since.offset;
    const texts = commits.map((commit) => {
      const text = encodeCommitEvent({...commit, epoch, after});
      after = commit.offset;
      return text;
    });
    return {
      commits: texts,
      next: after < offset ? {epoch, offset: after} : undefined,
    };
  });

/** The content as it was; undefined where that is not known any more. */
export const readContentAt = (
  room: Room<any>,
  at: Place,
): Promise<StoredContent | undefined> =>
  room.read(async (state) => {
    const {epoch} = state;
    const {offset} = at;
    const content: Content | undefined = isOf(at, state)
      ? await state.readContentAt(offset)
      : undefined;
    return (
      content && {bytes: encodeText(JSON.stringify(content)), epoch, offset}
    );
  });
