/**
 * The events of a live feed on the wire: the event stream format of the HTML
 * standard, 9.2. JSON has no line ends, so that an event's data is one line.
 */
import {
  encodeCommitEvent,
  type TellableCommit,
} from '../../protocol/commit-event.js';
import type {Content} from '../../protocol/changes.js';
import {applyAllToContent} from '../../protocol/content.js';
import {FEED_PIECE_BYTES, FEED_RETRY_MS} from '../../protocol/limits.js';
import type {StoredContent} from '../room-state.js';
import {encodeText, viewPieces} from '../storage/pieces.js';
import {encodePlace, type Place} from '../../protocol/place.js';

/** How soon a reader whose stream has ended comes back. */
export const RETRY = encodeText(`retry: ${FEED_RETRY_MS}\n\n`);

/** A comment: readers pass it by, and a proxy sees that somebody is there. */
export const KEEP_ALIVE = encodeText(':\n\n');

const startEvent = (name: string, place: Place): string =>
  `event: ${name}\nid: ${encodePlace(place)}\ndata: `;

/** In pieces, for it to be seen whether they are being read. */
const cutToRead = (bytes: Uint8Array): Uint8Array[] =>
  viewPieces(bytes, FEED_PIECE_BYTES);

export const encodeCommit = (commit: TellableCommit): Uint8Array[] =>
  cutToRead(
    encodeText(
      `${startEvent('commit', commit)}${encodeCommitEvent(commit)}\n\n`,
    ),
  );

export const encodeContent = (
  name: 'content' | 'reload',
  {bytes, epoch, offset}: StoredContent,
): Uint8Array[] => [
  encodeText(
    startEvent(name, {epoch, offset}) +
      `{"epoch":"${epoch}","offset":${offset},"content":`,
  ),
  ...cutToRead(bytes),
  encodeText('}\n\n'),
];

/** The commit that gave a room its first content. */
export const encodeFirstContent = ({
  epoch,
  offset,
  list,
}: TellableCommit): Uint8Array[] => {
  const content: Content = [{}, {}];
  applyAllToContent(content, list);
  const bytes = encodeText(JSON.stringify(content));
  return encodeContent('content', {bytes, epoch, offset});
};
