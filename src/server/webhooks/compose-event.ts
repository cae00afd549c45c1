/** What a webhook tells, read from what the room has stored. */
import {STORE_UPDATED} from '../../protocol/webhook-event.js';
import {encodeText, joinBytes} from '../storage/pieces.js';
import type {LoggedCommit} from '../storage/log-reader.js';
import type {RoomState, StoredContent} from '../room-state.js';
import type {Cursor, FrozenEvent} from './cursor.js';
import {MAX_BODY_BYTES} from './limits.js';
import type {Webhook} from './webhook-config.js';

export type ReadableState = Pick<
  RoomState,
  | 'epoch'
  | 'offset'
  | 'firstAuthor'
  | 'readCommits'
  | 'readContentAt'
  | 'getContent'
>;

export type ComposedEvent = FrozenEvent & {body: Uint8Array<ArrayBuffer>};

type Composing = {
  room: string;
  webhook: Pick<Webhook, 'include' | 'throttleMs'>;
  cursor: Cursor;
  /** When the room came to an offset, where that is known; or else now. */
  getTime: (offset: number) => number;
  maxBytes?: number;
};

const COMMA = encodeText(',');

/** The commits after an offset; the first of all is the first content. */
const readCommits = async (
  state: ReadableState,
  after: number,
  {upTo, ...bounds}: {upTo: number; maxCount: number; maxBytes: number},
): Promise<LoggedCommit[] | undefined> => {
  let commits = await state.readCommits(after, bounds);
  if (!commits && !after) {
    const content = await state.readContentAt(1);
    const rest = content && (await state.readCommits(1, bounds));
    commits = rest && [
      {
        offset: 1,
        list: [[content[0], content[1], 1]],
        time: undefined,
        author: state.firstAuthor,
      },
      ...rest,
    ];
  }
  return commits
    ?.filter(({offset}) => offset <= upTo)
    .slice(0, bounds.maxCount);
};

/** As many as fit, as JSON with commas between; and up to which. */
const encodeCommits = (
  commits: LoggedCommit[],
  maxBytes: number,
): {parts: Uint8Array[]; to: number | undefined} => {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  let to: number | undefined;
  for (const {offset, time, author, list} of commits) {
    const part = encodeText(
      JSON.stringify({offset, time, author, changes: list}),
    );
    bytes += part.length + COMMA.length;
    if (bytes > maxBytes) {
      break;
    }
    parts.push(...(parts.length ? [COMMA] : []), part);
    to = offset;
  }
  return {parts, to};
};

const readContent = async (
  state: ReadableState,
  at: number,
  current: StoredContent | undefined,
): Promise<Uint8Array | undefined> => {
  if (at == current?.offset) {
    return current.bytes;
  }
  const content = await state.readContentAt(at);
  return content && encodeText(JSON.stringify(content));
};

/**
 * The event that comes next: the one under way, or a new one that covers as much
 * as fits. What does not fit, or is not known any more, is left out.
 */
export const composeEvent = async (
  state: ReadableState,
  {room, webhook, cursor, getTime, maxBytes = MAX_BODY_BYTES}: Composing,
): Promise<ComposedEvent> => {
  const {include, throttleMs} = webhook;
  const {epoch, offset: fromOffset, event} = cursor;
  const withChanges = include == 'changes';
  const [current, commits] = await Promise.all([
    // First, and in this very step: later the app may have written more.
    include == 'content' && (event?.to ?? state.offset) == state.offset
      ? state.getContent()
      : undefined,
    withChanges || (!throttleMs && !event)
      ? readCommits(state, fromOffset, {
          upTo: event?.to ?? Infinity,
          maxCount: throttleMs ? Infinity : 1,
          maxBytes: withChanges ? maxBytes : 1,
        })
      : undefined,
  ]);

  const getHead = ({to, time}: FrozenEvent): string => {
    const data = {room, epoch, fromOffset, toOffset: to};
    const timestamp = new Date(time).toISOString();
    const text = JSON.stringify({type: STORE_UPDATED, timestamp, data});
    // The braces are closed behind what is included.
    return text.slice(0, -2);
  };
  const longest = getHead({to: Number.MAX_SAFE_INTEGER, time: 0});
  const left = maxBytes - encodeText(`${longest},"changes":[]}}`).length;

  const fitting =
    withChanges && commits ? encodeCommits(commits, left) : undefined;
  const to = event?.to ?? fitting?.to ?? commits?.[0]?.offset ?? state.offset;
  const frozen = event ?? {
    to,
    time: commits?.find(({offset}) => offset == to)?.time ?? getTime(to),
  };

  const parts = [encodeText(getHead(frozen))];
  if (fitting && fitting.to === to) {
    parts.push(encodeText(',"changes":['), ...fitting.parts, encodeText(']'));
  }
  if (include == 'content') {
    const content = await readContent(state, to, current);
    if (content && content.length <= left) {
      parts.push(encodeText(',"content":'), content);
    }
  }
  parts.push(encodeText('}}'));
  return {...frozen, body: joinBytes(parts) as Uint8Array<ArrayBuffer>};
};
