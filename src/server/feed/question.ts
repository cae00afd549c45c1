/** What a `GET` at `storePath` asks for, beside the content as it is. */
import {DEFAULT_PAGE_COMMITS, MAX_PAGE_COMMITS} from '../../protocol/limits.js';
import {prefersToJson, takesJson} from './accept.js';
import {parsePlace, type Place} from '../../protocol/place.js';

export type Question =
  /** The content, as it is or was. */
  | {kind: 'content'; at?: Place}
  /** `from` is where the reader stands; null where that is no place at all. */
  | {kind: 'feed'; from: Place | null | undefined}
  | {kind: 'history'; since: Place; limit: number; asLines: boolean}
  /** Nothing that the room offers. */
  | {kind: 'unacceptable'}
  | {kind: 'malformed limit'};

type Offer = {
  /** Whether the room has a live feed. */
  hasFeed: boolean;
  /** Whether it tells its history. */
  hasHistory: boolean;
};

/**
 * The place that a query names. What is of another form, or there twice, is the
 * app's own.
 */
const getPlace = (query: URLSearchParams, name: string): Place | undefined => {
  const [text, ...more] = query.getAll(name);
  return text === undefined || more.length ? undefined : parsePlace(text);
};

/** Where a reader stands: what its last event said, or else what it was told. */
const getStart = (
  {headers}: Request,
  query: URLSearchParams,
): Place | null | undefined => {
  const lastId = headers.get('Last-Event-ID');
  return lastId ? (parsePlace(lastId) ?? null) : getPlace(query, 'since');
};

export const parseQuestion = (
  request: Request,
  {hasFeed, hasHistory}: Offer,
): Question => {
  const accept = request.headers.get('Accept') ?? '';
  const query = new URL(request.url).searchParams;
  if (prefersToJson(accept, 'text/event-stream')) {
    if (hasFeed) {
      return {kind: 'feed', from: getStart(request, query)};
    }
    if (!takesJson(accept)) {
      return {kind: 'unacceptable'};
    }
  }
  if (!hasHistory || query.has('_pk')) {
    // The query is the app's own: that of a PartySocket, whose client loads.
    return {kind: 'content'};
  }
  const since = getPlace(query, 'since');
  if (!since) {
    const at = getPlace(query, 'at');
    return {kind: 'content', ...(at ? {at} : {})};
  }
  const limit = query.get('limit') ?? `${DEFAULT_PAGE_COMMITS}`;
  return /^0*[1-9]\d*$/.test(limit)
    ? {
        kind: 'history',
        since,
        limit: Math.min(Number(limit), MAX_PAGE_COMMITS),
        asLines: prefersToJson(accept, 'application/x-ndjson'),
      }
    : {kind: 'malformed limit'};
};
