/** What a frame of a client says: past here the shapes are trusted. */
import type {Changes} from '../protocol/changes.js';
import {MAX_ID_LENGTH} from '../protocol/limits.js';
import {
  FRAGMENT,
  type FragmentHeader,
  HELLO,
  LEGACY_CHANGES,
  PING,
  PONG,
  PROTOCOL_VERSION,
  PUSH,
  splitFrame,
} from '../protocol/messages.js';
import {parseChanges, parseJson} from '../protocol/parse-changes.js';
import {isReservedId} from './idempotency-key.js';

export type Greeter = {
  clientId: string;
  nonce: string;
  /** The position that it says it has. */
  epoch: unknown;
  offset: unknown;
};

/** Whether a peer is there, and reads. */
export type Sign =
  | {kind: 'ping'; payload: string}
  | {kind: 'pong'; token: string};

export type Frame =
  /** Without a greeter it is malformed, or of another version. */
  | {kind: 'hello'; greeter: Greeter | undefined}
  | {kind: 'push'; mutationId: number; text: string}
  | {kind: 'fragment'; header: FragmentHeader; text: string}
  | {kind: 'legacy'; changes: Changes; text: string}
  | Sign;

const isId = (id: unknown): id is string =>
  typeof id == 'string' && id.length > 0 && id.length <= MAX_ID_LENGTH;

const parseGreeter = ([version, clientId, nonce, epoch, offset]: unknown[]):
  | Greeter
  | undefined =>
  version === PROTOCOL_VERSION &&
  isId(clientId) &&
  !isReservedId(clientId) &&
  isId(nonce)
    ? {clientId, nonce, epoch, offset}
    : undefined;

/** A ping or a pong, if a message is one. */
export const parseSign = (
  prefix: string,
  message: unknown,
): Sign | undefined => {
  const [letter, payload] = splitFrame(prefix, message) ?? [];
  if (letter == PING || letter == PONG) {
    const sign = /^\[(?:"(\w{1,64})")?\]$/.exec(payload!);
    if (sign) {
      return letter == PING
        ? {kind: 'ping', payload: sign[0]}
        : {kind: 'pong', token: sign[1] ?? ''};
    }
  }
  return undefined;
};

/** The frame, or undefined where a message is not one of ours. */
export const parseFrame = (
  prefix: string,
  message: unknown,
): Frame | undefined => {
  const [letter, payload = ''] = splitFrame(prefix, message) ?? [];
  switch (letter) {
    case PUSH: {
      const header = /^\[(\d{1,15}),(?=[[{])/.exec(payload);
      return header
        ? {
            kind: 'push',
            mutationId: +header[1]!,
            text: payload.slice(header[0].length, -1),
          }
        : undefined;
    }
    case FRAGMENT: {
      const header = /^\[(\d{1,15}),(\d{1,9}),(\d{1,9})\]/.exec(payload);
      return header
        ? {
            kind: 'fragment',
            header: header.slice(1, 4).map(Number) as FragmentHeader,
            text: payload.slice(header[0].length),
          }
        : undefined;
    }
    case LEGACY_CHANGES: {
      const changes = parseChanges(parseJson(payload));
      return changes ? {kind: 'legacy', changes, text: payload} : undefined;
    }
    case HELLO: {
      const hello = parseJson(payload);
      return Array.isArray(hello)
        ? {kind: 'hello', greeter: parseGreeter(hello)}
        : undefined;
    }
    default:
      return parseSign(prefix, message);
  }
};
