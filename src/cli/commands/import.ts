/** `import`: what is in a file becomes what a room has. */
import {readFile} from 'node:fs/promises';
import type {Position} from '../../mirror/sink.js';
import type {Content} from '../../protocol/changes.js';
import type {Command, CommandContext} from '../command.js';
import {parseContentFile} from '../content-file.js';
import {countContent} from '../count-content.js';
import {createContent} from '../create-content.js';
import {CommandError, InterruptedError} from '../errors.js';
import {decodeUtf8} from '../json-file.js';
import {replaceContent} from '../replace-content.js';
import {getRoom, ROOM_OPTIONS} from '../room-address.js';
import {openRoom, readPosition, type Room} from '../room.js';
import {untilAborted} from '../until-aborted.js';

const readAll = async (stdin: CommandContext['stdin']): Promise<Uint8Array> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) {
    chunks.push(Buffer.from(chunk as Uint8Array));
  }
  return Buffer.concat(chunks);
};

/** Who writes to it may never end: an end is not waited for. */
const readStdin = async ({
  stdin,
  signal,
}: CommandContext): Promise<Uint8Array> => {
  const bytes = await Promise.race([readAll(stdin), untilAborted(signal)]);
  if (!bytes) {
    throw new InterruptedError();
  }
  return bytes;
};

const readContent = async (context: CommandContext): Promise<Content> => {
  const path = context.options.getText('input') ?? '-';
  if (path == '-') {
    return parseContentFile(
      decodeUtf8(await readStdin(context), 'What came by stdin'),
      'What came by stdin',
    );
  }
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path, {signal: context.signal});
  } catch (error) {
    throw context.signal.aborted
      ? error
      : new CommandError(`${path} cannot be read: ${(error as Error).message}`);
  }
  return parseContentFile(decodeUtf8(bytes, path), path);
};

const createExistsError = (room: Room): CommandError =>
  new CommandError(
    `${room.name} has content already, and keeps it. With --replace it is made ` +
      'equal to the file: what is not in there is deleted.',
  );

const importContent = async (
  room: Room,
  content: Content,
  {options, reporter, signal}: CommandContext,
): Promise<{position: Position; hasMovedOn: boolean}> => {
  const mayReplace = options.has('replace');
  const {epoch} = await readPosition(room);
  if (epoch && !mayReplace) {
    throw createExistsError(room);
  }
  const created = epoch ? undefined : await createContent(room, content);
  if (created?.kind == 'created') {
    return created;
  }
  if (created?.kind == 'exists' && !mayReplace) {
    throw createExistsError(room);
  }
  const replaced = await replaceContent(room, content, {
    signal,
    isNew: !mayReplace,
    onSent: ({parts, of}) =>
      reporter.progress(`Sent ${parts} of ${of} parts.`, {
        event: 'progress',
        parts,
        of,
      }),
  });
  if (replaced.kind == 'exists') {
    throw createExistsError(room);
  }
  return replaced;
};

export const importCommand: Command = {
  name: 'import',
  summary: 'Gives a room the content of a file',
  usage: '--room URL [--input FILE] [--replace]',
  options: {
    ...ROOM_OPTIONS,
    input: {
      type: 'string',
      short: 'i',
      value: 'FILE',
      help: 'what export has written, or [tables, values]; stdin without it',
    },
    replace: {
      type: 'boolean',
      help: 'where the room has content: delete and set what differs',
    },
    json: {type: 'boolean', help: 'say what is done as lines of JSON'},
  },
  details:
    'Without --replace the room must have no Store yet. With it, what differs is\n' +
    'sent by PATCH, which the room has to allow (docs/back-ends.md).',
  run: async (context) => {
    const room = openRoom(getRoom(context.options), context.signal);
    const content = await readContent(context);
    const counts = countContent(content);
    const {position, hasMovedOn} = await importContent(room, content, context);
    const where = `${position.epoch}.${position.offset}`;
    context.reporter.note(
      hasMovedOn
        ? `${room.name} was equal to the file at ${where}; it has been ` +
            `written to since: ${counts}.`
        : `${room.name} is equal to the file, at ${where}: ${counts}.`,
      {event: 'imported', room: room.name, ...position, hasMovedOn},
    );
  },
};
