/**
 * The whole wire on one screen. A frame is the message prefix, one letter and
 * JSON; docs/protocol.md gives the rules.
 */
import type {Changes} from './changes.js';
import type {DeltaList} from './delta.js';

export const PROTOCOL_VERSION = 1;

/** TinyBase's own frame, both ways: changes, neither numbered nor answered. */
export const LEGACY_CHANGES = 's';

/** Up: who is there, and what it has. */
export const HELLO = 'h';
export type Hello = [
  version: number,
  /** The client's secret, by which the room knows its pushes again. */
  clientId: string,
  /** Tells this hello's welcome from that to another. */
  nonce: string,
  /** The epoch and offset that the client has; '' and 0 for none. */
  epoch: string,
  offset: number,
];

/** Up: the changes of one transaction. */
export const PUSH = 'p';
export type Push = [mutationId: number, changes: Changes];

/**
 * Up: a piece of a push too large for a frame: the header as JSON, then the
 * piece as it is. The pieces in order are the JSON of the changes.
 */
export const FRAGMENT = 'f';
export type FragmentHeader = [mutationId: number, index: number, count: number];

/** Last answered mutation id, and which of the latest ones were refused. */
export type Answer = [mutationId: number, ...refusedIds: number[]];

/**
 * Down: the answer to a hello. An empty nonce asks every client to say hello
 * (again). An empty epoch says that the room has no Store yet, null in place
 * of a delta that the client has to load the content.
 */
export const WELCOME = 'w';
export type Welcome = [
  version: number,
  nonce: string,
  epoch: string,
  offset: number,
  answer: Answer,
  delta: DeltaList | null,
  /** What commits mark answers to this connection with; others see it, too. */
  mark: string,
];

/**
 * Down: the truth has moved to this offset. In place of the delta there is 0
 * where it is exactly what the pushes answered here ask for.
 */
export const COMMIT = 'c';
export type Commit = [
  offset: number,
  delta: DeltaList | 0,
  answers?: {[mark: string]: Answer},
];

/**
 * Both ways: asks whether anybody is there, and has read what was sent before.
 * A room's has a token, a client's has none.
 */
export const PING = 'i';
export type Ping = [token?: string];

/** Both ways: the answer to a ping, with what that had. */
export const PONG = 'o';

/** The letter and payload of a frame with this prefix, or undefined. */
export const splitFrame = (
  prefix: string,
  frame: unknown,
): [letter: string, payload: string] | undefined =>
  typeof frame == 'string' &&
  frame.length > prefix.length &&
  frame.startsWith(prefix)
    ? [frame[prefix.length]!, frame.slice(prefix.length + 1)]
    : undefined;
