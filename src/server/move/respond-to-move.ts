/** Answers the deployment that a room moves to. */
import type {Room} from '../room.js';
import {RESPONSE_HEADERS, type RoomConfig} from '../room-config.js';
import {isArchiveRequest} from './archive-request.js';
import {AwayError} from './away-error.js';
import {checkMove} from './move-config.js';
import {streamLines} from './write-archive.js';

/** In seconds: a room that moves is soon there. */
const RETRY_AFTER = '2';

const digest = async (text: string): Promise<Uint8Array> =>
  new Uint8Array(
    await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)),
  );

/** Takes as long whatever is the same in both. */
const isSame = async (one: string, other: string): Promise<boolean> => {
  const [first, second] = await Promise.all([digest(one), digest(other)]);
  let difference = 0;
  first.forEach((byte, index) => (difference |= byte ^ second[index]!));
  return !difference;
};

const respondProblem = (
  status: number,
  [title, detail]: [title: string, detail: string],
  headers?: HeadersInit,
): Response => {
  const all = new Headers(headers);
  all.set('Content-Type', 'application/problem+json');
  all.set('Cache-Control', 'no-store');
  return new Response(JSON.stringify({title, status, detail}), {
    status,
    headers: all,
  });
};

/** Answers who looks for a room that is elsewhere, or on its way. */
export const respondAway = (
  {message}: AwayError,
  responseHeaders: HeadersInit = RESPONSE_HEADERS,
): Response => {
  const headers = new Headers(responseHeaders);
  headers.set('Retry-After', RETRY_AFTER);
  return respondProblem(503, ['The room is elsewhere', message], headers);
};

/**
 * Has the room leave and gives its archive (`POST`), or has it come back without
 * (`DELETE`); undefined for a request that asks for neither.
 */
export const respondToMove = async (
  request: Request,
  {move}: Pick<RoomConfig, 'move'>,
  getRoom: () => Room<any>,
): Promise<Response | undefined> => {
  const {method, headers} = request;
  if (!move || !isArchiveRequest(request)) {
    return undefined;
  }
  checkMove(move);
  const authorization = headers.get('Authorization') ?? '';
  if (!(await isSame(authorization, `Bearer ${move.secret}`))) {
    return respondProblem(
      401,
      ['Unauthorized', 'Send the move.secret of the config of the room.'],
      {'WWW-Authenticate': 'Bearer'},
    );
  }
  const room = getRoom();
  try {
    if (method == 'DELETE') {
      await room.return();
      return new Response(null, {status: 204});
    }
    return new Response(streamLines(await room.leave()), {
      headers: {
        'Content-Type': 'application/x-ndjson',
        'Cache-Control': 'no-store',
      },
    });
  } catch (error) {
    if (error instanceof AwayError) {
      return respondAway(error);
    }
    throw error;
  }
};
