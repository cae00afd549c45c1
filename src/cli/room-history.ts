/** A room's history, as far back as its log reaches. */
import type {Commit, Position} from '../mirror/sink.js';
import {encodePlace} from '../protocol/place.js';
import {CommandError} from './errors.js';
import {mayPass, rest} from './retry.js';
import {readPosition, type Room} from './room.js';

const LINES_TYPE = 'application/x-ndjson';

/** Whether the log has all that came after a place. */
const isReached = async (room: Room, place: Position): Promise<boolean> => {
  const response = await room.ask(
    {since: encodePlace(place), limit: '1'},
    {headers: {Accept: LINES_TYPE}},
  );
  if (!response.ok && response.status != 410) {
    throw await room.createError(response);
  }
  await response.body?.cancel();
  const type = response.headers.get('Content-Type') ?? '';
  if (response.ok && !type.startsWith(LINES_TYPE)) {
    // The content: `since` was passed by (V10).
    throw new CommandError(
      `${room.name} does not tell its history: config.historyLimit is 0.`,
    );
  }
  return response.ok;
};

/**
 * The earliest offset from which on the log has all. It is looked for by halves:
 * a room says only whether its log reaches back to one.
 */
const findHistoryStart = async (
  room: Room,
  {epoch, offset}: Position,
): Promise<number> => {
  let [unreached, reached] = [-1, offset];
  while (reached - unreached > 1) {
    // Mostly all is there, from the first content on.
    const tried =
      unreached < 1 && reached == offset
        ? unreached + 1
        : Math.floor((unreached + reached) / 2);
    if (await isReached(room, {epoch, offset: tried})) {
      reached = tried;
    } else {
      unreached = tried;
    }
  }
  return reached;
};

/** Most that goes wrong in a row. */
const MAX_FAILURES = 5;

/**
 * The commits after a place, page by page, up to where the room is then; it goes
 * on where the connection was lost. It answers `gone` where the log does not reach
 * back to there.
 */
export const readCommits = async function* (
  room: Room,
  since: Position,
  signal: AbortSignal,
): AsyncGenerator<Commit[] | 'gone'> {
  let place = since;
  for (let failures = 0; ;) {
    try {
      for await (const page of room.http.readHistory(place, signal)) {
        yield page;
        const last = page == 'gone' ? undefined : page.at(-1);
        if (!last) {
          return;
        }
        place = {epoch: last.epoch, offset: last.offset};
        failures = 0;
      }
      return;
    } catch (error) {
      if (signal.aborted || ++failures >= MAX_FAILURES || !mayPass(error)) {
        throw error;
      }
      await rest(250 * 2 ** failures * Math.random(), signal);
    }
  }
};

/** How often the log may be cut before anything of it is read. */
const MAX_ATTEMPTS = 5;

/**
 * All commits that the log has, page by page, and after which place they are; a
 * page without any where there are none.
 *
 * @throws CommandError where the log is cut meanwhile.
 */
export const readHistory = async function* (
  room: Room,
  signal: AbortSignal,
): AsyncGenerator<{since: Position; commits: Commit[]}> {
  for (let attempt = 1; ; attempt++) {
    const now = await readPosition(room);
    const since = {...now, offset: await findHistoryStart(room, now)};
    let count = 0;
    let isGone = false;
    for await (const commits of readCommits(room, since, signal)) {
      if (commits == 'gone') {
        isGone = true;
      } else {
        count += commits.length;
        yield {since, commits};
      }
    }
    if (!isGone) {
      if (!count) {
        yield {since, commits: []};
      }
      return;
    }
    if (count || attempt >= MAX_ATTEMPTS) {
      throw new CommandError(
        `The log of ${room.name} was cut while it was read: export it again.`,
      );
    }
  }
};
