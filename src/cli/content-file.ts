/** The file that `export` writes, and what `import` takes. */
import {type Content, isEmptyThings} from '../protocol/changes.js';
import {decodeContent} from '../protocol/content.js';
import {parseContent} from '../protocol/parse-changes.js';
import type {Position} from '../mirror/sink.js';
import {findContentProblem} from './content-problem.js';
import {CommandError} from './errors.js';
import {parseJsonFile} from './json-file.js';

export const CONTENT_FORMAT = 'tinybase-partykit-content';
export const CONTENT_VERSION = 1;

export type ExportedContent = {
  content: Content;
  position: Position;
  /** The URL of the room's Store, without its query. */
  room: string;
  exportedAt: Date;
};

export type FormatOptions = {
  /** The content alone, without what says where it is from. */
  isBare: boolean;
  isPretty: boolean;
};

/** The text of a file; decodes the content, which is consumed. */
export const formatContentFile = (
  {content, position, room, exportedAt}: ExportedContent,
  {isBare, isPretty}: FormatOptions,
): string => {
  decodeContent(content);
  const file = isBare
    ? content
    : {
        format: CONTENT_FORMAT,
        version: CONTENT_VERSION,
        room,
        ...position,
        exportedAt: exportedAt.toISOString(),
        content,
      };
  return `${JSON.stringify(file, undefined, isPretty ? 2 : 0)}\n`;
};

/** Takes away Tables and Rows that are empty: a Store has none. */
const compact = ([tables]: Content): void => {
  for (const [tableId, table] of Object.entries<any>(tables)) {
    for (const [rowId, row] of Object.entries<object>(table)) {
      if (isEmptyThings(row)) {
        delete table[rowId];
      }
    }
    if (isEmptyThings(table)) {
      delete tables[tableId];
    }
  }
};

const takeContent = (file: any, name: string): unknown => {
  if (Array.isArray(file)) {
    return file;
  }
  if (file?.changes !== undefined) {
    throw new CommandError(
      `${name} is a commit of a history: import takes content, as export ` +
        'writes it without --history.',
    );
  }
  if (file?.format !== undefined && file.format !== CONTENT_FORMAT) {
    const format = String(file.format).slice(0, 60);
    throw new CommandError(`${name} is of another format: ${format}.`);
  }
  if (file?.version !== undefined && !(file.version <= CONTENT_VERSION)) {
    throw new CommandError(
      `${name} is of version ${file.version}, which a later release of ` +
        'tinybase-partykit has written: install that.',
    );
  }
  if (file?.content === undefined) {
    throw new CommandError(
      `${name} is no content: import takes what export writes, or ` +
        '[tables, values].',
    );
  }
  return file.content;
};

/**
 * The content of a file, as it travels: that of an export, or `[tables, values]`,
 * its objects and arrays as they are or encoded.
 *
 * @throws CommandError that says what is wrong, and where.
 */
export const parseContentFile = (text: string, name: string): Content => {
  const given = takeContent(parseJsonFile(text, name), name);
  const content = parseContent(given);
  if (!content) {
    throw new CommandError(
      `${name} is no content: ${findContentProblem(given)}.`,
    );
  }
  compact(content);
  return content;
};
