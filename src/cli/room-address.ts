/** Where a room's Store is, of what the user has given. */
import {UsageError} from './errors.js';
import type {OptionSpecs, Options} from './options.js';

export type RoomTarget = {
  /** Of its Store, with its query. */
  url: URL;
  /** The same to be printed, without the query. */
  name: string;
  headers: {[name: string]: string};
};

export const ROOM_OPTIONS: OptionSpecs = {
  room: {
    type: 'string',
    multiple: true,
    short: 'r',
    value: 'URL',
    env: 'TINYBASE_PARTYKIT_ROOM',
    help: 'the room: https://HOST/parties/PARTY/ROOM, or the URL of its Store',
  },
  token: {
    type: 'string',
    value: 'TOKEN',
    env: 'TINYBASE_PARTYKIT_TOKEN',
    help: 'sent as "Authorization: Bearer TOKEN"; better from the environment',
  },
  'token-in-query': {
    type: 'boolean',
    help: 'send the token as ?token=TOKEN, too',
  },
};

const EXAMPLE = 'https://HOST/parties/main/ROOM';

/** A room itself, whose Store is at the default path of it. */
const ROOM_PATH = /^\/(?:parties\/[^/]+\/[^/]+|party\/[^/]+)\/?$/;

/** Its default path with a slash too many. */
const STORE_PATH = /^(\/(?:parties\/[^/]+\/[^/]+|party\/[^/]+)\/store)\/$/;

const parseUrl = (text: string): URL => {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new UsageError(
      `--room takes a URL, such as ${EXAMPLE}: this is none.`,
    );
  }
  // As a PartySocket has it.
  url.protocol = url.protocol.replace(/^ws(s?):$/, 'http$1:');
  return url;
};

/**
 * The URL of a room's Store: as given, with `/store` where it is that of the room.
 *
 * @throws UsageError where it cannot be one.
 */
export const parseRoomUrl = (text: string): URL => {
  const url = parseUrl(text);
  if (url.protocol != 'http:' && url.protocol != 'https:') {
    throw new UsageError(
      `--room begins with http:// or https://, such as ${EXAMPLE}.`,
    );
  }
  if (url.username || url.password) {
    throw new UsageError(
      '--room takes no user and password: give a token in the environment, ' +
        'as TINYBASE_PARTYKIT_TOKEN.',
    );
  }
  if (url.pathname == '/') {
    throw new UsageError(
      `--room is a host without a room: give all of it, such as ${EXAMPLE}.`,
    );
  }
  for (const name of ['since', 'at', 'limit']) {
    if (url.searchParams.has(name)) {
      throw new UsageError(`--room takes no ?${name}= in its query.`);
    }
  }
  url.hash = '';
  url.pathname = url.pathname.replace(STORE_PATH, '$1');
  if (ROOM_PATH.test(url.pathname)) {
    url.pathname = `${url.pathname.replace(/\/$/, '')}/store`;
  }
  return url;
};

/** All rooms that were given. */
export const getRooms = (options: Options): RoomTarget[] => {
  const texts = options.getList('room');
  if (!texts.length) {
    throw new UsageError(
      `Which room? Give --room ${EXAMPLE}, or TINYBASE_PARTYKIT_ROOM.`,
    );
  }
  const token = options.getText('token');
  if (options.has('token-in-query') && token === undefined) {
    throw new UsageError(
      '--token-in-query needs a token: set TINYBASE_PARTYKIT_TOKEN.',
    );
  }
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
    throw new UsageError('The token has characters that no header may have.');
  }
  const headers: RoomTarget['headers'] =
    token === undefined ? {} : {Authorization: `Bearer ${token}`};
  return texts.map((text) => {
    const url = parseRoomUrl(text);
    const name = url.origin + url.pathname;
    if (token !== undefined && options.has('token-in-query')) {
      url.searchParams.set('token', token);
    }
    return {url, name, headers};
  });
};

/** The one room that was given. */
export const getRoom = (options: Options): RoomTarget => {
  const [room, ...more] = getRooms(options);
  if (more.length) {
    throw new UsageError('One room at a time: give --room once.');
  }
  return room!;
};
