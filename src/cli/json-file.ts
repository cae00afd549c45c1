/** Reading JSON that somebody may have written by hand. */
import {CommandError} from './errors.js';

const getPlace = (text: string, at: number): string => {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  return `line ${line}, column ${at - before.lastIndexOf('\n')}`;
};

/** Several lines that are JSON each, as a history is. */
const isLines = (text: string): boolean => {
  const [first, second] = text.split('\n', 2);
  try {
    return !!second && [first!, second].every((line) => JSON.parse(line));
  } catch {
    return false;
  }
};

/** @throws CommandError that says in which line it is none. */
export const parseJsonFile = (text: string, name: string): unknown => {
  if (!text.trim()) {
    throw new CommandError(`${name} is empty.`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    if (isLines(text)) {
      throw new CommandError(
        `${name} has lines of JSON, as a history has: import takes content, as ` +
          'export writes it without --history.',
      );
    }
    const {message} = error as Error;
    const [, found] = / at position (\d+)/.exec(message) ?? [];
    // It says no position where the text ends too soon.
    const at = found === undefined ? text.length : Number(found);
    throw new CommandError(
      `${name} is no JSON, in ${getPlace(text, at)}: ` +
        message.replace(/ (?:in JSON )?at position .*$/s, '').slice(0, 200),
    );
  }
};

/** @throws CommandError where bytes are no UTF-8: they would change silently. */
export const decodeUtf8 = (bytes: Uint8Array, name: string): string => {
  try {
    return new TextDecoder('utf-8', {fatal: true}).decode(bytes);
  } catch {
    throw new CommandError(`${name} is no UTF-8.`);
  }
};
