/** The room's content over HTTP, as docs/protocol.md describes it. */
import {parseContent, parseJson} from '../protocol/parse-changes.js';
import {readContentAt} from './feed/history.js';
import {parseQuestion} from './feed/question.js';
import {respondGone, respondToQuestion} from './feed/respond-to-question.js';
import {respondToPatch} from './patch-http.js';
import {getEtag, getPrecondition} from './preconditions.js';
import {readText} from './read-text.js';
import type {Responder} from './responder.js';
import type {Room} from './room.js';

const EXPOSED = 'Access-Control-Expose-Headers';
const METHODS = 'GET, HEAD, PUT, OPTIONS';

export type StoreHttpOptions = {
  /** The app's own headers. */
  responseHeaders?: HeadersInit | undefined;
  /** Whether `PATCH` may change the content. */
  allowPatch?: boolean | undefined;
};

/** Adds to a header that is a list, where that does not say so yet. */
const addToList = (headers: Headers, name: string, item: string): void => {
  const list = headers.get(name);
  const items = list?.toLowerCase().split(',') ?? [];
  if (!items.some((one) => ['*', item.toLowerCase()].includes(one.trim()))) {
    headers.set(name, list ? `${list}, ${item}` : item);
  }
};

/** Answers a request for the content. */
export const respondToStoreRequest = async (
  room: Room<any>,
  request: Request,
  {responseHeaders: appHeaders, allowPatch}: StoreHttpOptions = {},
): Promise<Response> => {
  const methods = METHODS + (allowPatch ? ', PATCH' : '');
  const respond: Responder['respond'] = (status, body = null, headers = {}) => {
    const all = new Headers(appHeaders);
    for (const [name, value] of Object.entries(headers)) {
      if (name == 'Link') {
        // There may be several: the app's, and that of the next page.
        all.append(name, value);
        addToList(all, EXPOSED, name);
      } else if (!all.has(name)) {
        all.set(name, value);
      }
    }
    addToList(all, EXPOSED, 'ETag');
    if (request.method == 'GET' || request.method == 'HEAD') {
      addToList(all, 'Vary', 'Accept');
    }
    return new Response(body as BodyInit, {status, headers: all});
  };
  const respondProblem: Responder['respondProblem'] = (
    status,
    title,
    detail,
    headers,
  ) =>
    respond(status, JSON.stringify({title, status, detail}), {
      'Content-Type': 'application/problem+json',
      ...headers,
    });
  const respondUnmet: Responder['respondUnmet'] = (position) =>
    respondProblem(
      412,
      'Precondition failed',
      'The room is not where the request demands: load the content, and decide ' +
        'anew. A weak tag never matches: leave out the W/ that a proxy may add.',
      {ETag: getEtag(position)},
    );

  const responder: Responder = {respond, respondProblem, respondUnmet};

  switch (request.method) {
    case 'GET':
    case 'HEAD': {
      const question = parseQuestion(request, room);
      if (question.kind != 'content') {
        return await respondToQuestion(room, request, {question, responder});
      }
      const {at} = question;
      const content = await (at ? readContentAt(room, at) : room.getContent());
      if (at && !content) {
        return respondGone(responder);
      }
      const headers = {
        ETag: getEtag(content),
        'Cache-Control': 'no-cache',
        'Content-Type': 'application/json; charset=utf-8',
      };
      const tags = request.headers.get('If-None-Match');
      const matches = (tag: string) =>
        tag == headers.ETag || (tag == '*' && content !== undefined);
      if (
        tags?.split(',').some((tag) => matches(tag.trim().replace(/^W\//, '')))
      ) {
        return respond(304, null, headers);
      }
      return respond(
        200,
        request.method == 'HEAD' ? null : (content?.bytes ?? ''),
        headers,
      );
    }
    case 'PUT': {
      const {maxContentLength} = room.limits;
      const text = await readText(request, maxContentLength);
      if (text === undefined) {
        return respondProblem(
          413,
          'Content too large',
          `Content may have ${maxContentLength} UTF-16 units: start with ` +
            'less, and send the rest as changes.',
        );
      }
      const content = parseContent(parseJson(text));
      if (!content) {
        return respondProblem(
          400,
          'Malformed content',
          'Send the JSON of TinyBase content: [tables, values], each an object.',
        );
      }
      const {existed, position, unmet} = await room.putContent(
        content,
        request,
        getPrecondition(request.headers),
      );
      if (unmet) {
        return respondUnmet(unmet);
      }
      return existed
        ? respond(205)
        : // RFC 9110 9.3.4: an ETag only where it was stored as it came.
          respond(201, null, position ? {ETag: getEtag(position)} : {});
    }
    case 'OPTIONS': {
      const allowed = new Headers(appHeaders).get(
        'Access-Control-Allow-Headers',
      );
      const response = respond(204, null, {
        Allow: methods,
        ...(allowPatch ? {'Accept-Patch': 'application/json'} : {}),
        'Access-Control-Allow-Methods': methods,
        'Access-Control-Max-Age': '86400',
      });
      if (allowed == '*') {
        // The asterisk alone leaves out exactly this one.
        response.headers.set(
          'Access-Control-Allow-Headers',
          '*, Authorization',
        );
      } else if (allowed && allowPatch) {
        addToList(
          response.headers,
          'Access-Control-Allow-Headers',
          'Idempotency-Key',
        );
      }
      return response;
    }
    default:
      return request.method == 'PATCH' && allowPatch
        ? await respondToPatch(room, request, responder)
        : respondProblem(
            405,
            'Method not allowed',
            `The content takes ${methods}.`,
            {Allow: methods},
          );
  }
};
