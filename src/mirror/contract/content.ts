/** Comparing content, whatever the order of its ids. */
import assert from 'node:assert/strict';
import type {Content} from 'tinybase';

const isThings = (thing: unknown): thing is object =>
  typeof thing == 'object' && thing !== null;

const getKeys = (thing: object): string[] =>
  Object.keys(thing).filter((key) => (thing as any)[key] !== undefined);

const show = (thing: unknown): string => {
  const json = JSON.stringify(thing) ?? 'nothing';
  return json.length > 80 ? `${json.slice(0, 80)}…` : json;
};

/** Where two things of JSON differ first; undefined where they do not. */
const findDifference = (
  actual: unknown,
  expected: unknown,
  path: string[] = [],
): string | undefined => {
  if (Object.is(actual, expected) || (actual === 0 && expected === 0)) {
    return undefined;
  }
  if (
    !isThings(actual) ||
    !isThings(expected) ||
    Array.isArray(actual) != Array.isArray(expected)
  ) {
    return `${show(path)}: ${show(actual)} in place of ${show(expected)}`;
  }
  for (const key of new Set([...getKeys(expected), ...getKeys(actual)])) {
    const difference = findDifference(
      Object.hasOwn(actual, key) ? (actual as any)[key] : undefined,
      Object.hasOwn(expected, key) ? (expected as any)[key] : undefined,
      [...path, key],
    );
    if (difference) {
      return difference;
    }
  }
  return undefined;
};

/** Throws where content is not what it should be, and says the first place. */
export const assertContent = (
  actual: Content | undefined,
  expected: Content,
  what: string,
): void => {
  const difference = findDifference(actual, expected);
  if (difference) {
    assert.fail(`${what} differs at ${difference}`);
  }
};
