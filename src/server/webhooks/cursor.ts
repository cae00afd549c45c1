/**
 * How far a webhook is, as it is in storage: what is due follows from it and
 * from where the room stands.
 */
import type {Position} from '../room-state.js';
import {PACE, type Pace} from './limits.js';

export type Cursor = {
  epoch: string;
  /** All up to there is delivered. */
  offset: number;
  /**
   * The event under way, which begins there: as long as it is not delivered it
   * covers the same, whatever is committed meanwhile.
   */
  event?: FrozenEvent;
  /** Where the last attempt has failed. */
  failing?: Failing;
  /** Which identity of the webhook was told that nobody is there any more. */
  gone?: string;
};

export type FrozenEvent = {to: number; time: number};

type Failing = {
  /** How often it has, in a row, and since when. */
  count: number;
  since: number;
  nextAt: number;
  /** Given up, until the room goes on from there. */
  quietAt?: number;
};

/** The cursor in this history of the room: what it knows of another is over. */
export const alignCursor = (cursor: Cursor, {epoch}: Position): Cursor =>
  epoch && cursor.epoch != epoch
    ? {epoch, offset: 0, ...(cursor.gone ? {gone: cursor.gone} : {})}
    : cursor;

/** Whether the room has gone on from where the cursor is. */
export const isBehind = (cursor: Cursor, {epoch, offset}: Position): boolean =>
  cursor.epoch == epoch && cursor.offset < offset;

/**
 * The cursor in a room that wakes: where nothing is to be sent nothing fails, and
 * a clock that was ahead keeps nobody waiting for longer than may be.
 */
export const wakeCursor = (
  cursor: Cursor,
  position: Position,
  {now, pace}: {now: number; pace: Pace},
): Cursor => {
  const {epoch, offset, failing, gone} = cursor;
  if (!isBehind(cursor, position)) {
    return {epoch, offset, ...(gone ? {gone} : {})};
  }
  const latest = now + Math.max(pace.maxRetryAfterMs, 2 * pace.maxRetryMs);
  return failing
    ? {
        ...cursor,
        failing: {
          ...failing,
          since: Math.min(failing.since, now),
          nextAt: Math.min(failing.nextAt, latest),
        },
      }
    : cursor;
};

/** Whether it was given up, and nothing has happened since. */
export const isQuiet = ({failing}: Cursor, {offset}: Position): boolean =>
  failing?.quietAt !== undefined && failing.quietAt >= offset;

/** Its event is delivered. */
export const noteSuccess = ({epoch, offset, event}: Cursor): Cursor => ({
  epoch,
  offset: event?.to ?? offset,
});

/** An attempt has failed; where that has gone on for long it is given up. */
export const noteFailure = (
  cursor: Cursor,
  {now, delayMs, offset}: {now: number; delayMs: number; offset: number},
  pace: Pace = PACE,
): Cursor => {
  const {count = 0, since = now} = cursor.failing ?? {};
  const isGivenUp = now - since >= pace.giveUpMs;
  return {
    ...cursor,
    failing: {
      count: count + 1,
      since,
      nextAt: now + delayMs,
      ...(isGivenUp ? {quietAt: offset} : {}),
    },
  };
};

/** The receiver has said that it is gone for good. */
export const noteGone = (cursor: Cursor, identity: string): Cursor => {
  const {failing: _, ...rest} = cursor;
  return {...rest, gone: identity};
};

/** Another url or secret: whoever is there now has not said so. */
export const reconsiderGone = (cursor: Cursor, identity: string): Cursor => {
  const {gone, ...rest} = cursor;
  return gone === undefined || gone === identity ? cursor : rest;
};
