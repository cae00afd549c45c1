/** One webhook of a room: how far it is, and what it is about to do. */
import {
  alignCursor,
  type Cursor,
  isBehind,
  isQuiet,
  noteFailure,
  noteGone,
  noteSuccess,
  reconsiderGone,
  wakeCursor,
} from './cursor.js';
import type {Position} from '../room-state.js';
import type {Pace} from './limits.js';
import {getRetryDelayMs} from './retries.js';
import type {Outcome} from './send-webhook.js';
import type {Webhook} from './webhook-config.js';

/** What stands for a webhook in storage. */
export type LineIdentity = {
  /** For its id; also a part of the ids of events. */
  tag: string;
  /** For what its receiver is reached by. */
  identity: string;
};

export type Line = LineIdentity & {
  readonly webhook: Webhook;
  cursor: Cursor;
  /** When to send what came after the event under way, if anything did. */
  dueAt: number | undefined;
  /** While an attempt is under way, when it counts as lost. */
  leaseAt: number | undefined;
};

/** Short, and no way back to what may hold a secret. */
const digest = async (text: string): Promise<string> => {
  const bytes = new TextEncoder().encode(text);
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...hash.subarray(0, 8)]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
};

export const identifyWebhook = async ({
  id,
  identity,
}: Webhook): Promise<LineIdentity> => ({
  tag: await digest(id),
  identity: await digest(identity),
});

/** The line of a webhook in a room that wakes. */
export const createLine = (
  webhook: Webhook,
  {tag, identity}: LineIdentity,
  {
    stored,
    position,
    now,
    pace,
  }: {stored: Cursor | undefined; position: Position; now: number; pace: Pace},
): Line => {
  // A webhook that is new begins where the room stands.
  const aligned = alignCursor(stored ?? {...position}, position);
  const cursor = reconsiderGone(
    wakeCursor(aligned, position, {now, pace}),
    identity,
  );
  const isDue = isBehind(cursor, position) && !isQuiet(cursor, position);
  const dueAt = isDue ? now : undefined;
  return {webhook, tag, identity, cursor, dueAt, leaseAt: undefined};
};

/** When its next attempt is, if none is under way. */
export const getNextAt = ({cursor, dueAt}: Line): number | undefined => {
  const {gone, failing} = cursor;
  if (gone !== undefined) {
    return undefined;
  }
  if (!failing) {
    return dueAt;
  }
  return failing.quietAt === undefined
    ? failing.nextAt
    : dueAt && Math.max(dueAt, failing.nextAt);
};

/** Takes an attempt's outcome in, which ends it. */
export const noteOutcome = (
  line: Line,
  outcome: Outcome,
  {
    now,
    random,
    offset,
    pace,
  }: {now: number; random: number; offset: number; pace: Pace},
): void => {
  const {cursor, identity} = line;
  switch (outcome.kind) {
    case 'delivered':
      line.cursor = noteSuccess(cursor);
      return;
    case 'gone':
      line.cursor = noteGone(cursor, identity);
      return;
    case 'failed': {
      const failures = (cursor.failing?.count ?? 0) + 1;
      const delayMs = Math.max(
        getRetryDelayMs(failures, random, pace),
        outcome.retryAfterMs,
      );
      line.cursor = noteFailure(cursor, {now, delayMs, offset}, pace);
      if (line.cursor.failing?.quietAt !== undefined) {
        line.dueAt = undefined;
      }
    }
  }
};
