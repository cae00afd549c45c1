/** Whether what a sink keeps as a history is the room's, each commit once. */
import type {Content} from 'tinybase';
import {expect} from 'vitest';
import {canonicalize} from '../content.js';
import {createFollowedStore} from '../followed-store.js';
import type {TestRoom} from '../test-room.js';

/** A commit as the room's history has it, encoded. */
export type HistoryCommit = {
  epoch: string;
  after: number;
  offset: number;
  time?: number;
  changes: unknown[];
};

/** What a sink has: a commit, or all that there was, encoded as well. */
export type HistoryRow =
  | HistoryCommit
  | {epoch: string; offset: number; content: unknown};

const PAGE = 1_000;

/** All commits since the first content, by the room's log. */
export const loadCommits = async (
  room: TestRoom,
  query: string,
): Promise<HistoryCommit[]> => {
  const commits: HistoryCommit[] = [];
  let url: string | undefined =
    `${room.url}/store?since=1&limit=${PAGE}${query}`;
  while (url) {
    const response: Response = await fetch(url);
    if (!response.ok) {
      throw new Error(`${url}: ${response.status} ${await response.text()}`);
    }
    commits.push(...((await response.json()) as HistoryCommit[]));
    const link = response.headers.get('Link') ?? '';
    const [, next] = /<([^>]*)>; rel="next"/.exec(link) ?? [];
    url = next && new URL(next, url).href;
  }
  return commits;
};

/**
 * Expects the whole content first, then each commit of the room once, and that
 * all of it together is the content.
 */
export const expectHistory = (
  rows: HistoryRow[],
  commits: HistoryCommit[],
  content: Content | undefined,
): void => {
  const [first, ...rest] = rows;
  expect(first, 'the first row is whole').toHaveProperty('content');
  const followed = createFollowedStore();
  for (const row of rows) {
    // Throws where it does not begin where the one before has ended, and where
    // a later one is whole.
    followed.take({
      name: 'content' in row ? 'content' : 'commit',
      id: `${row.epoch}.${row.offset}`,
      data: row,
    });
  }
  const expected = commits.filter(({offset}) => offset > first!.offset);
  expect(rest.length, 'as many commits as the room has').toBe(expected.length);
  rest.forEach((row, index) =>
    expect(canonicalize(row)).toBe(canonicalize(expected[index])),
  );
  expect(followed.store.getContent()).toEqual(content);
};
