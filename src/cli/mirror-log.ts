/** What a mirror says of its doing: a line a second at most. */
import type {Written} from '../mirror/room-sink.js';
import type {Position} from '../mirror/sink.js';
import {describeId} from './printable.js';
import type {Reporter} from './reporter.js';

const LINE_MS = 1_000;

type Progress = {
  position: Position;
  /** How many since the line before. */
  commits: number;
  /** Whether all of the content was written. */
  isWhole: boolean;
  /** How long after the commit it was in the database, by this clock. */
  lagMs: number;
};

export type MirrorLog = ReturnType<typeof createMirrorLog>;

const describeCount = (commits: number, isWhole: boolean): string =>
  [
    ...(isWhole ? ['all of the content'] : []),
    ...(commits || !isWhole
      ? [`${commits} commit${commits == 1 ? '' : 's'}`]
      : []),
  ].join(', ');

export const createMirrorLog = (reporter: Reporter, now = Date.now) => {
  /** What was written since the line before, by room. */
  let news = new Map<string, Progress>();
  const total = {rooms: new Set<string>(), commits: 0};
  let timer: ReturnType<typeof setTimeout> | undefined;
  let shownAt = -Infinity;

  const show = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (!news.size) {
      return;
    }
    shownAt = performance.now();
    const all = [...news.values()];
    const commits = all.reduce((sum, one) => sum + one.commits, 0);
    const lagMs = Math.max(...all.map((one) => one.lagMs));
    const [[room, {position}]] = [...news] as [[string, Progress]];
    const who =
      news.size == 1
        ? `${describeId(room)} at ${position.offset}`
        : `${news.size} rooms`;
    const isWhole = all.some((one) => one.isWhole);
    reporter.note(
      `${who}: ${describeCount(commits, isWhole)}, ${lagMs} ms behind`,
      {
        event: 'written',
        commits,
        lagMs,
        rooms: [...news].map(([id, one]) => ({room: id, ...one.position})),
      },
    );
    news = new Map();
  };

  return {
    following: (room: string, position: Position | undefined): void =>
      reporter.note(
        `Following ${describeId(room)}${position ? `, from ${position.offset}` : ''}.`,
        {event: 'following', room, ...position},
      ),

    listening: (url: string): void =>
      reporter.note(`Taking webhooks at ${url}.`, {event: 'listening', url}),

    written: ({room, position, time, commits}: Written): void => {
      const before = news.get(room);
      news.set(room, {
        position,
        commits: (before?.commits ?? 0) + (commits ?? 0),
        isWhole: (before?.isWhole ?? false) || commits === undefined,
        lagMs: Math.max(0, Math.round(now() - time)),
      });
      total.rooms.add(room);
      total.commits += commits ?? 0;
      if (!timer) {
        const rest = LINE_MS - (performance.now() - shownAt);
        timer = setTimeout(show, Math.max(0, rest));
      }
    },

    /** Nothing comes after. */
    end: (): void => {
      show();
      const {commits, rooms} = total;
      reporter.note(
        `Ended: ${commits} commit${commits == 1 ? '' : 's'} of ` +
          `${rooms.size} room${rooms.size == 1 ? '' : 's'} written.`,
        {event: 'ended', commits, rooms: rooms.size},
      );
    },
  };
};
