/** `export`: what a room has, or had, as a file. */
import {CommandError, UsageError} from '../errors.js';
import type {Position} from '../../mirror/sink.js';
import {encodePlace} from '../../protocol/place.js';
import type {Command, CommandContext} from '../command.js';
import {formatContentFile} from '../content-file.js';
import {countContent} from '../count-content.js';
import {formatCommit} from '../format-commit.js';
import {openOutput, writeOutput} from '../output.js';
import {getRoom, ROOM_OPTIONS} from '../room-address.js';
import {openRoom, readPosition, type Room} from '../room.js';
import {readHistory} from '../room-history.js';

const createNoStoreError = (room: Room): CommandError =>
  new CommandError(
    `${room.name} has no Store yet: there is nothing to export.`,
  );

const exportContent = async (
  room: Room,
  {options, reporter, stdout}: CommandContext,
): Promise<void> => {
  // Asked for before the file is touched: mostly it is this that fails.
  const {content, position} = await room.readContent();
  if (!content) {
    throw createNoStoreError(room);
  }
  const counts = countContent(content);
  const text = formatContentFile(
    {content, position, room: room.name, exportedAt: new Date()},
    {isBare: options.has('bare'), isPretty: options.has('pretty')},
  );
  const output = await openOutput(options.getText('output'), stdout);
  await writeOutput(output, (write) => write(text));
  reporter.note(
    `Exported ${room.name} at ${position.epoch}.${position.offset}: ${counts}.`,
    {event: 'exported', room: room.name, ...position},
  );
};

const exportHistory = async (
  room: Room,
  {options, reporter, stdout, signal}: CommandContext,
): Promise<void> => {
  const {epoch} = await readPosition(room);
  if (!epoch) {
    throw createNoStoreError(room);
  }
  const output = await openOutput(options.getText('output'), stdout);
  const {start, end, count} = await writeOutput(output, async (write) => {
    let [start, end]: (Position | undefined)[] = [];
    let count = 0;
    for await (const {since, commits} of readHistory(room, signal)) {
      await write(commits.map((one) => `${formatCommit(one)}\n`).join(''));
      start ??= since;
      end = commits.at(-1) ?? since;
      count += commits.length;
      reporter.progress(`${count} commits, up to ${end.offset}.`, {
        event: 'progress',
        commits: count,
        offset: end.offset,
      });
    }
    return {start, end, count};
  });
  reporter.note(
    `Exported the history of ${room.name}: ${count} commits, after ` +
      `${encodePlace(start!)} up to ${end!.offset}.`,
    {
      event: 'exported',
      room: room.name,
      commits: count,
      ...start,
      to: end!.offset,
    },
  );
};

export const exportCommand: Command = {
  name: 'export',
  summary: 'Writes what a room has to a file',
  usage: '--room URL [--output FILE] [--history] [options]',
  options: {
    ...ROOM_OPTIONS,
    output: {
      type: 'string',
      short: 'o',
      value: 'FILE',
      help: 'the file, which is there when it is whole; stdout without it',
    },
    history: {
      type: 'boolean',
      help: 'all commits as far back as the log reaches, a line of JSON each',
    },
    bare: {
      type: 'boolean',
      help: '[tables, values] alone, without room, epoch and offset',
    },
    pretty: {type: 'boolean', help: 'indented, for people to read'},
    json: {type: 'boolean', help: 'say what is done as lines of JSON'},
  },
  details:
    'The content is as a Store has it (store.setContent takes that of --bare);\n' +
    'import takes either form.',
  run: async (context) => {
    const {options, signal} = context;
    const room = openRoom(getRoom(options), signal);
    if (!options.has('history')) {
      await exportContent(room, context);
      return;
    }
    if (options.has('bare') || options.has('pretty')) {
      throw new UsageError('--history goes with neither --bare nor --pretty.');
    }
    await exportHistory(room, context);
  },
};
