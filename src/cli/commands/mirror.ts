/** `mirror`: a database that has what rooms have, for as long as it runs. */
import {
  createMirror,
  type Mirror,
  type MirrorOptions,
} from '../../mirror/create-mirror.js';
import type {Command, CommandContext} from '../command.js';
import {createErrorLog, type ErrorLog} from '../error-log.js';
import {InterruptedError, UsageError} from '../errors.js';
import {listenForWebhooks} from '../listen.js';
import {createMirrorLog, type MirrorLog} from '../mirror-log.js';
import {openSink} from '../open-sink.js';
import {getNumber, type OptionSpecs} from '../options.js';
import {getRooms, ROOM_OPTIONS} from '../room-address.js';
import {createRoomFinder} from '../room-finder.js';
import {parseSinkUrl} from '../sink-url.js';

const MAX_PORT = 65_535;
const MAX_THROTTLE_MS = 3_600_000;
/** How often it is looked whether a room is followed. */
const LOOK_MS = 200;

const OPTIONS: OptionSpecs = {
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
    help: 'the database: mysql://…, postgres://…, sqlite:PATH, redis://…, mongodb://…',
  },
  history: {type: 'boolean', help: 'keep each commit, too'},
  tabular: {type: 'boolean', help: 'a table of its own for each Table'},
  'two-way': {
    type: 'boolean',
    help: 'push what others change in the database to the room',
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
  once: {
    type: 'boolean',
    help: 'write what the rooms have now, and end',
  },
  listen: {
    type: 'string',
    value: 'PORT',
    help: 'take webhooks of the rooms at this port, in place of live feeds',
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

/** Resolves when the user wants an end. */
const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
    }
    signal.addEventListener('abort', () => resolve(), {once: true});
  });

/** Tells of each room when it is followed, and when it is so again. */
const watch = (
  mirror: Mirror,
  {log, errors}: {log: MirrorLog; errors: ErrorLog},
): (() => void) => {
  const following = new Set<string>();
  const look = (): void => {
    for (const [room, {state, position}] of Object.entries(
      mirror.getStatus(),
    )) {
      if (state != 'following') {
        following.delete(room);
      } else if (!following.has(room)) {
        following.add(room);
        errors.clear(room);
        log.following(room, position);
      }
    }
  };
  const timer = setInterval(look, LOOK_MS);
  return () => clearInterval(timer);
};

const follow = async (
  mirror: Mirror,
  {options, signal}: CommandContext,
  {log, errors}: {log: MirrorLog; errors: ErrorLog},
): Promise<void> => {
  const port = getNumber(options, 'listen', [0, MAX_PORT]);
  const stopWatching = watch(mirror, {log, errors});
  let stopListening: (() => Promise<void>) | undefined;
  try {
    await mirror.start();
    if (port !== undefined) {
      stopListening = await listenForWebhooks({
        port,
        host: options.getText('host') ?? '127.0.0.1',
        secret: options.getText('secret')!,
        onStoreUpdated: mirror.onStoreUpdated,
        onError: (error) => errors.log(error),
        onListening: log.listening,
      });
    }
    await untilAborted(signal);
  } finally {
    stopWatching();
    await stopListening?.();
  }
};

const checkListening = ({options}: CommandContext): boolean => {
  const isListening = options.getText('listen') !== undefined;
  if (!isListening) {
    if (options.getText('host') !== undefined) {
      throw new UsageError('--host goes with --listen.');
    }
    return false;
  }
  if (options.has('once')) {
    throw new UsageError(
      '--listen and --once are two ways to do it: give one.',
    );
  }
  const secret = options.getText('secret');
  if (!secret) {
    throw new UsageError(
      '--listen needs the secret that the rooms sign webhooks with: set ' +
        'TINYBASE_PARTYKIT_SECRET.',
    );
  }
  return true;
};

/** With webhooks a room is only asked for what those do not bring. */
const getAddresses = (
  {options}: CommandContext,
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

export const mirrorCommand: Command = {
  name: 'mirror',
  summary: 'Keeps what rooms have in a database',
  usage: '--room URL [--room URL …] --to URL [options]',
  options: OPTIONS,
  details:
    'It follows the rooms until it is told to end (SIGINT, SIGTERM), and then\n' +
    'finishes the write under way. Started again, it goes on where it was.',
  run: async (context) => {
    const {options, reporter, signal} = context;
    const to = parseSinkUrl(options.getText('to'));
    const throttleMs = getNumber(options, 'throttle-ms', [0, MAX_THROTTLE_MS]);
    const addresses = getAddresses(context, checkListening(context));
    const errors = createErrorLog(reporter);
    const log = createMirrorLog(reporter);
    const sink = await openSink(to, {
      history: options.has('history'),
      tabular: options.has('tabular'),
      twoWay: options.has('two-way'),
      prefix: options.getText('prefix'),
    });
    let mirror: Mirror;
    try {
      mirror = createMirror({
        sink,
        ...addresses,
        twoWay: options.has('two-way'),
        ...(throttleMs === undefined ? {} : {throttleMs}),
        onWritten: (written) => {
          errors.clear(written.room);
          log.written(written);
        },
        onIgnoredError: (error, room) => errors.log(error, room),
      });
    } catch (error) {
      await sink.close?.();
      throw error instanceof TypeError ? new UsageError(error.message) : error;
    }
    try {
      if (options.has('once')) {
        await Promise.race([mirror.catchUp(), untilAborted(signal)]);
      } else {
        await follow(mirror, context, {log, errors});
      }
    } finally {
      await mirror.stop();
      log.end();
    }
    if (options.has('once') && signal.aborted) {
      throw new InterruptedError();
    }
  },
};
