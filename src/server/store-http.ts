/** The room's content over HTTP, as docs/protocol.md describes it. */
import {parseContent, parseJson} from '../protocol/parse-changes.js';
import type {Room} from './room.js';
import type {StoredContent} from './room-state.js';

const EXPOSED = 'Access-Control-Expose-Headers';
const METHODS = 'GET, HEAD, PUT, OPTIONS';

type Respond = (
  status: number,
  body?: string | Uint8Array | null,
  headers?: {[name: string]: string},
) => Response;

const getEtag = (content: Omit<StoredContent, 'bytes'> | undefined): string =>
  content ? `"${content.epoch}.${content.offset}"` : '".0"';

/** The body, or undefined where it is longer: then not all of it is read. */
const readText = async (
  request: Request,
  maxLength: number,
): Promise<string | undefined> => {
  const decoder = new TextDecoder();
  const reader = request.body?.getReader();
  let text = '';
  let isDone = !reader;
  while (!isDone) {
    const {done, value} = await reader!.read();
    isDone = done;
    text += decoder.decode(value, {stream: !done});
    if (text.length > maxLength) {
      await reader!.cancel();
      return undefined;
    }
  }
  return text;
};

/** Answers a request for the content; `headers` are the app's own. */
export const respondToStoreRequest = async (
  room: Room<any>,
  request: Request,
  appHeaders: HeadersInit | undefined,
): Promise<Response> => {
  const respond: Respond = (status, body = null, headers = {}) => {
    const all = new Headers(appHeaders);
    for (const [name, value] of Object.entries(headers)) {
      if (!all.has(name)) {
        all.set(name, value);
      }
    }
    const exposed = all.get(EXPOSED);
    if (!/\*|\betag\b/i.test(exposed ?? '')) {
      all.set(EXPOSED, exposed ? `${exposed}, ETag` : 'ETag');
    }
    return new Response(body as BodyInit, {status, headers: all});
  };
  const respondProblem = (
    status: number,
    title: string,
    detail: string,
    headers = {},
  ) =>
    respond(status, JSON.stringify({title, status, detail}), {
      'Content-Type': 'application/problem+json',
      ...headers,
    });

  switch (request.method) {
    case 'GET':
    case 'HEAD': {
      const content = await room.getContent();
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
      const {existed, position} = await room.putContent(content, request);
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
        Allow: METHODS,
        'Access-Control-Allow-Methods': METHODS,
        'Access-Control-Max-Age': '86400',
      });
      if (allowed == '*') {
        // The asterisk alone leaves out exactly this one.
        response.headers.set(
          'Access-Control-Allow-Headers',
          '*, Authorization',
        );
      }
      return response;
    }
    default:
      return respondProblem(
        405,
        'Method not allowed',
        `The content takes ${METHODS}.`,
        {Allow: METHODS},
      );
  }
};
