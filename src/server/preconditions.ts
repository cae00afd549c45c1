/** Positions as ETags, and what a request demands of them (RFC 9110, 13.1). */
import {encodeEtag} from '../protocol/place.js';
import type {Position} from './room-state.js';

/** Whether a room may be written to where it stands. */
export type Precondition = (position: Position) => boolean;

const NOWHERE: Position = {epoch: '', offset: 0};

/** The ETag of a position; undefined stands for a room that has no Store. */
export const getEtag = (position: Position = NOWHERE): string =>
  encodeEtag(position);

const isListed = (tags: string, position: Position): boolean =>
  tags.trim() == '*'
    ? position.epoch != ''
    : tags.split(',').some((tag) => tag.trim() == getEtag(position));

/**
 * What `If-Match` and `If-None-Match` demand of a request that writes; undefined
 * without them. A weak tag matches none but in `If-None-Match`.
 */
export const getPrecondition = (headers: Headers): Precondition | undefined => {
  const ifMatch = headers.get('If-Match');
  const ifNoneMatch = headers.get('If-None-Match')?.replaceAll('W/"', '"');
  return ifMatch === null && ifNoneMatch === undefined
    ? undefined
    : (position) =>
        (ifMatch === null || isListed(ifMatch, position)) &&
        (ifNoneMatch === undefined || !isListed(ifNoneMatch, position));
};
