/** The options of `mirror`, and what goes with what. */
import type {MirrorOptions} from '../../mirror/mirror-options.js';
import {UsageError} from '../errors.js';
import {getNumber, type Options, type OptionSpecs} from '../options.js';
import {getRooms, ROOM_OPTIONS} from '../room-address.js';
import {createRoomFinder} from '../room-finder.js';

const MAX_PORT = 65_535;
const MAX_THROTTLE_MS = 3_600_000;

export const MIRROR_OPTIONS: OptionSpecs = {
  ...ROOM_OPTIONS,
  room: {
    ...ROOM_OPTIONS.room!,
    help: 'a room, as a URL; given again for each',
  },
  to: {
    type: 'string',
    short: 't',
    value: 'URL',
    env: 'TINYBASE_PARTYKIT_TO',
    help: 'mysql://…, postgres://…, sqlite:PATH, redis://… or mongodb://…',
  },
  history: {type: 'boolean', help: 'keep each commit, too'},
  tabular: {type: 'boolean', help: 'keep Rows one by one, to be queried'},
  'two-way': {
    type: 'boolean',
    help: 'push what others change in the database to the rooms',
  },
  prefix: {
    type: 'string',
    value: 'NAME',
    help: 'begins the names of all that is made in the database',
  },
  'throttle-ms': {
    type: 'string',
    value: 'MS',
    help: 'gather commits for so long until they are written; 0 without it',
  },
  once: {type: 'boolean', help: 'write what the rooms have now, and end'},
  listen: {
    type: 'string',
    value: 'PORT',
    help: 'take webhooks at this port, in place of live feeds',
  },
  host: {
    type: 'string',
    value: 'ADDRESS',
    help: 'where --listen listens; 127.0.0.1 without it',
  },
  secret: {
    type: 'string',
    value: 'whsec_…',
    env: 'TINYBASE_PARTYKIT_SECRET',
    help: 'what rooms sign webhooks with; better from the environment',
  },
  json: {type: 'boolean', help: 'say what is done as lines of JSON'},
};

export type Listening = {port: number; host: string; secrets: string[]};

/** How webhooks are taken; undefined where live feeds are followed. */
export const getListening = (options: Options): Listening | undefined => {
  const port = getNumber(options, 'listen', [0, MAX_PORT]);
  const host = options.getText('host');
  if (port === undefined) {
    if (host !== undefined) {
      throw new UsageError('--host goes with --listen.');
    }
    return undefined;
  }
  if (options.has('once')) {
    throw new UsageError('--listen and --once are two ways: give one.');
  }
  // Several while it is rotated.
  const secrets = options.getText('secret')?.split(/\s+/).filter(Boolean);
  if (!secrets?.length) {
    throw new UsageError(
      '--listen needs the secret that the rooms sign webhooks with: set ' +
        'TINYBASE_PARTYKIT_SECRET.',
    );
  }
  return {port, host: host ?? '127.0.0.1', secrets};
};

export const getThrottle = (options: Options): number =>
  getNumber(options, 'throttle-ms', [0, MAX_THROTTLE_MS]) ?? 0;

/** With webhooks a room is only asked for what those do not bring. */
export const getAddresses = (
  options: Options,
  isListening: boolean,
): Pick<MirrorOptions, 'room' | 'getRoom'> => {
  if (!isListening) {
    const rooms = getRooms(options);
    return {room: rooms.map(({url, headers}) => ({url: url.href, headers}))};
  }
  if (!options.getList('room').length) {
    return {};
  }
  const find = createRoomFinder(getRooms(options));
  return {
    getRoom: (id) => {
      const {url, headers} = find(id);
      return {id, url: url.href, headers};
    },
  };
};
