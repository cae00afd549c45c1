/** `mirror`: a database that has what rooms have, for as long as it runs. */
import {createMirror, type Mirror} from '../../mirror/create-mirror.js';
import type {Sink} from '../../mirror/sink.js';
import type {Command, CommandContext} from '../command.js';
import {createErrorLog, type ErrorLog} from '../error-log.js';
import {InterruptedError, UsageError} from '../errors.js';
import {listenForWebhooks} from '../listen.js';
import {createMirrorLog, type MirrorLog} from '../mirror-log.js';
import {openSink} from '../open-sink.js';
import {parseSinkUrl} from '../sink-url.js';
import {untilAborted} from '../until-aborted.js';
import {
  getAddresses,
  getListening,
  getThrottle,
  type Listening,
  MIRROR_OPTIONS,
} from './mirror-options.js';

/** How often it is looked whether a room is followed. */
const LOOK_MS = 200;

type Logs = {log: MirrorLog; errors: ErrorLog};

/** A sink that says whether it is open, and of an error that it was opening. */
const watchOpening = (sink: Sink): {sink: Sink; isOpen(): boolean} => {
  let isOpen = false;
  return {
    isOpen: () => isOpen,
    sink: {
      ...sink,
      open: async () => {
        try {
          await sink.open?.();
        } catch (error) {
          throw error instanceof UsageError
            ? error
            : new Error('The database cannot be opened.', {cause: error});
        }
        isOpen = true;
      },
    },
  };
};

/** Tells of each room when it is followed, and when it is so again. */
const watch = (mirror: Mirror, {log, errors}: Logs): (() => void) => {
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
  listening: Listening | undefined,
  {signal, log, errors}: Logs & {signal: AbortSignal},
): Promise<void> => {
  const stopWatching = watch(mirror, {log, errors});
  let stopListening: (() => Promise<void>) | undefined;
  try {
    await Promise.race([mirror.start(), untilAborted(signal)]);
    if (signal.aborted) {
      return;
    }
    stopListening =
      listening &&
      (await listenForWebhooks({
        ...listening,
        onStoreUpdated: mirror.onStoreUpdated,
        onError: (error) => errors.log(error),
        onListening: log.listening,
      }));
    await untilAborted(signal);
  } finally {
    stopWatching();
    await stopListening?.();
  }
};

const create = async (
  sink: Sink,
  isListening: boolean,
  {context: {options}, log, errors}: Logs & {context: CommandContext},
): Promise<Mirror> => {
  try {
    return createMirror({
      sink,
      ...getAddresses(options, isListening),
      twoWay: options.has('two-way'),
      throttleMs: getThrottle(options),
      onWritten: (written) => {
        errors.clear(written.room);
        log.written(written);
      },
      onIgnoredError: errors.log,
    });
  } catch (error) {
    await sink.close?.();
    // Two rooms of the same id, or a sink that cannot be two-way.
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
};

export const mirrorCommand: Command = {
  name: 'mirror',
  summary: 'Keeps what rooms have in a database',
  usage: '--room URL [--room URL …] --to URL [options]',
  options: MIRROR_OPTIONS,
  details:
    'It follows the rooms until it is told to end (SIGINT, SIGTERM), and then\n' +
    'finishes the write under way. Started again, it goes on where it was.',
  run: async (context) => {
    const {options, reporter, signal} = context;
    // What is wrong with the rest is said before a database is opened.
    const listening = getListening(options);
    getAddresses(options, listening !== undefined);
    getThrottle(options);
    const to = parseSinkUrl(options.getText('to'));
    const errors = createErrorLog(reporter);
    const log = createMirrorLog(reporter);
    const {sink, isOpen} = watchOpening(
      await openSink(to, {
        history: options.has('history'),
        tabular: options.has('tabular'),
        twoWay: options.has('two-way'),
        prefix: options.getText('prefix'),
        onError: (error) => errors.log(error),
      }),
    );
    const mirror = await create(sink, listening !== undefined, {
      context,
      log,
      errors,
    });
    const isOnce = options.has('once');
    try {
      if (isOnce) {
        await Promise.race([mirror.catchUp(), untilAborted(signal)]);
      } else {
        await follow(mirror, listening, {signal, log, errors});
      }
    } finally {
      // A database that does not answer would not let go of it either.
      if (isOpen() || !signal.aborted) {
        await mirror.stop();
      }
      log.end();
    }
    if (isOnce && signal.aborted) {
      throw new InterruptedError();
    }
  },
};
