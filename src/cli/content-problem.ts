/** What is wrong with content, in words: for who has written it. */
import {parseContent} from '../protocol/parse-changes.js';

const LEVELS = ['Table', 'Row', 'Cell'] as const;

const isThings = (thing: unknown): thing is {[id: string]: unknown} =>
  typeof thing == 'object' && thing !== null && !Array.isArray(thing);

const quote = (id: string): string =>
  JSON.stringify(id.length > 60 ? `${id.slice(0, 60)}…` : id);

const describe = (thing: unknown): string => {
  try {
    const text = JSON.stringify(thing);
    return text.length > 60 ? `${text.slice(0, 60)}…` : text;
  } catch {
    return 'nested too deep';
  }
};

const isAtom = (thing: unknown): boolean =>
  parseContent([{}, {a: thing}]) !== undefined;

const describeAtom = (thing: unknown): string =>
  typeof thing == 'number'
    ? 'is a number that is not finite'
    : `is no Cell or Value: ${describe(thing)}`;

const findInTables = (things: unknown, path: string[]): string | undefined => {
  const where = path
    .map((id, depth) => `${LEVELS[depth]} ${quote(id)}`)
    .join(', ');
  if (path.length == LEVELS.length) {
    return isAtom(things) ? undefined : `${where} ${describeAtom(things)}`;
  }
  if (!isThings(things)) {
    return `${where || 'what is to be the Tables'} is no object: ${describe(things)}`;
  }
  for (const [id, thing] of Object.entries(things)) {
    const problem = findInTables(thing, [...path, id]);
    if (problem) {
      return problem;
    }
  }
  return undefined;
};

/** Of what `parseContent` has not taken, and may have encoded in part. */
export const findContentProblem = (content: unknown): string => {
  if (!Array.isArray(content) || content.length != 2) {
    return `it is not [tables, values], but ${describe(content)}`;
  }
  const [tables, values] = content as unknown[];
  const problem = findInTables(tables, []);
  if (problem) {
    return problem;
  }
  if (!isThings(values)) {
    return `what is to be the Values is no object: ${describe(values)}`;
  }
  for (const [id, thing] of Object.entries(values)) {
    if (!isAtom(thing)) {
      return `Value ${quote(id)} ${describeAtom(thing)}`;
    }
  }
  return 'it is malformed';
};
