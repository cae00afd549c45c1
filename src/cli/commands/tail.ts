/** `tail`: what happens in a room, as it happens. */
import {followRoom} from '../../mirror/follow-room.js';
import {RoomError} from '../../mirror/room-http.js';
import type {Position} from '../../mirror/sink.js';
import {encodeChanges} from '../../protocol/decoded-changes.js';
import {encodePlace, parsePlace} from '../../protocol/place.js';
import type {Command, CommandContext} from '../command.js';
import {createCommitReader} from '../commit-reader.js';
import {countContent} from '../count-content.js';
import {describeCommit} from '../describe-commit.js';
import {createErrorLog} from '../error-log.js';
import {CommandError, UsageError} from '../errors.js';
import {formatCommit} from '../format-commit.js';
import {getRoom, ROOM_OPTIONS} from '../room-address.js';
import {openRoom, readPosition, type Room} from '../room.js';
import {writeText} from '../write-text.js';

const parseSince = (text: string | undefined): Position | undefined => {
  if (text === undefined) {
    return undefined;
  }
  const place = parsePlace(text);
  if (!place) {
    throw new UsageError('--since takes EPOCH.OFFSET, or an OFFSET.');
  }
  return {epoch: place.epoch ?? '', offset: place.offset};
};

const tail = async (
  room: Room,
  since: Position | undefined,
  {options, reporter, stdout, signal}: CommandContext,
): Promise<void> => {
  const asJson = options.has('json');
  const failed = new AbortController();
  const ended = AbortSignal.any([signal, failed.signal]);
  let failure: unknown;
  const fail = (error: unknown): void => {
    failure ??= error;
    failed.abort();
  };
  const print = async (line: string): Promise<void> => {
    try {
      await writeText(stdout, `${line}\n`);
    } catch (error) {
      // Nobody reads: to try again is of no use.
      fail(error);
      throw error;
    }
  };

  const now = await readPosition(room);
  const start = since
    ? {epoch: since.epoch || now.epoch, offset: since.offset}
    : now;
  const reader = createCommitReader(room, start.epoch ? start : undefined, {
    signal: ended,
    onCommit: (commit) =>
      print(asJson ? formatCommit(commit) : describeCommit(commit)),
    onWhole: ({epoch, offset, content}) => {
      const [tables, values] = encodeChanges([...content, 1]);
      return print(
        asJson
          ? JSON.stringify({epoch, offset, content: [tables, values]})
          : `- ${offset}: all of the content, of ${epoch}: ` +
              countContent([tables, values]),
      );
    },
  });
  const isAhead = start.epoch == now.epoch && start.offset > now.offset;
  if (since && start.epoch && (isAhead || !(await reader.readOn(now)))) {
    throw new CommandError(
      `The log of ${room.name} does not reach back to ${encodePlace(start)}, ` +
        'or that is of another history. Leave out --since for what is to come.',
    );
  }
  const errors = createErrorLog(reporter);
  await followRoom({
    mirror: reader,
    http: room.http,
    throttleMs: 0,
    signal: ended,
    onState: (state) => {
      if (state == 'following') {
        errors.clear(room.name);
        reporter.note(`Following ${room.name}.`, {
          event: 'following',
          room: room.name,
        });
      }
    },
    onError: (error) => {
      if (error instanceof RoomError && error.status == 406) {
        fail(error);
      } else if (!ended.aborted) {
        errors.log(error, room.name);
      }
    },
  });
  if (failure !== undefined) {
    throw failure;
  }
};

export const tailCommand: Command = {
  name: 'tail',
  summary: 'Prints what happens in a room, as it happens',
  usage: '--room URL [--since EPOCH.OFFSET] [--json]',
  options: {
    ...ROOM_OPTIONS,
    since: {
      type: 'string',
      value: 'EPOCH.OFFSET',
      help: 'begin with what has happened since; the epoch may be left out',
    },
    json: {
      type: 'boolean',
      help: 'each commit as a line of JSON, as the live feed has it',
    },
  },
  details: 'It comes back where the connection ends, and goes on from there.',
  run: async (context) => {
    const since = parseSince(context.options.getText('since'));
    const room = openRoom(getRoom(context.options), context.signal);
    try {
      await tail(room, since, context);
    } catch (error) {
      // To be ended is how it ends.
      if (!context.signal.aborted) {
        throw error;
      }
    }
  },
};
