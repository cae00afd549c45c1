/** A room's live feed and history over HTTP, as docs/feeds.md describes them. */
import type {Room} from '../room.js';
import {Feed} from './feed.js';
import {readPage} from './history.js';
import {encodePlace, type Place} from '../../protocol/place.js';
import type {Question} from './question.js';
import type {Responder} from '../responder.js';

const feeds = new WeakMap<Room<any>, Feed>();

const getFeed = (room: Room<any>): Feed => {
  const feed = feeds.get(room) ?? new Feed(room);
  feeds.set(room, feed);
  return feed;
};

/** The history does not reach back to what was asked for. */
export const respondGone = ({respondProblem}: Responder): Response =>
  respondProblem(
    410,
    'Gone',
    'The log does not reach back to there, or that is of another history: load ' +
      'the content, and go on from where its ETag says that it is.',
  );

/** The same request for what follows, with its token and all. */
const getNextLink = (request: Request, next: Place): string => {
  const query = new URL(request.url).searchParams;
  query.set('since', encodePlace(next));
  return `<?${query}>; rel="next"`;
};

const respondWithFeed = async (
  room: Room<any>,
  request: Request,
  {
    from,
    responder: {respond},
  }: {from: Place | null | undefined; responder: Responder},
): Promise<Response> => {
  const isHead = request.method == 'HEAD';
  const response = respond(
    200,
    isHead ? null : await getFeed(room).open(from),
    {
      'Cache-Control': 'no-cache',
      'X-Accel-Buffering': 'no',
    },
  );
  // Whatever the app has for its own responses: no reader takes another.
  response.headers.set('Content-Type', 'text/event-stream');
  return response;
};

const respondWithHistory = async (
  room: Room<any>,
  request: Request,
  {
    since,
    limit,
    asLines,
    responder,
  }: Extract<Question, {kind: 'history'}> & {responder: Responder},
): Promise<Response> => {
  const page = await readPage(room, since, limit);
  if (!page) {
    return respondGone(responder);
  }
  const {commits, next} = page;
  const body = asLines
    ? commits.map((commit) => `${commit}\n`).join('')
    : `[${commits.join(',')}]`;
  return responder.respond(200, request.method == 'HEAD' ? null : body, {
    'Cache-Control': 'no-cache',
    'Content-Type': asLines
      ? 'application/x-ndjson'
      : 'application/json; charset=utf-8',
    ...(next ? {Link: getNextLink(request, next)} : {}),
  });
};

/** Answers what is not a question for the content. */
export const respondToQuestion = async (
  room: Room<any>,
  request: Request,
  {
    question,
    responder,
  }: {
    question: Exclude<Question, {kind: 'content'}>;
    responder: Responder;
  },
): Promise<Response> => {
  switch (question.kind) {
    case 'feed':
      return await respondWithFeed(room, request, {...question, responder});
    case 'history':
      return await respondWithHistory(room, request, {...question, responder});
    case 'malformed limit':
      return responder.respondProblem(
        400,
        'Malformed limit',
        'Give the number of commits, from 1 on, or leave it out.',
      );
    default:
      return responder.respondProblem(
        406,
        'Not acceptable',
        'This room has no live feed. Ask for its content, as application/json.',
      );
  }
};
