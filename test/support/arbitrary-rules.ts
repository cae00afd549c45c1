/**
 * Rules for fast-check that refuse by id or by what kind of thing it is: as
 * hooks of a room, and as what they are to make of changes, done naively.
 */
import fc from 'fast-check';
import type {Hooks} from '../../src/server/authorise.js';
import {applyToFlat, type FlatContent} from '../simulation/flat-content.js';

const DELETED = '\uFFFC';

/** Ids that are refused, and kinds that a Cell or Value may not be. */
export type Rules = {
  [Hook in Exclude<keyof Hooks, 'canSetCell' | 'canSetValue'>]: string[];
} & {
  canSetCell: string[];
  canSetValue: string[];
  kinds: string[];
  isAsync: boolean;
};

export const NO_RULES: Rules = {
  canSetTable: [],
  canDelTable: [],
  canSetRow: [],
  canDelRow: [],
  canSetCell: [],
  canDelCell: [],
  canSetValue: [],
  canDelValue: [],
  kinds: [],
  isAsync: false,
};

const ids = fc.uniqueArray(
  fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', ''),
  {maxLength: 2},
);

export const arbitraryRules: fc.Arbitrary<Rules> = fc.record({
  canSetTable: ids,
  canDelTable: ids,
  canSetRow: ids,
  canDelRow: ids,
  canSetCell: ids,
  canDelCell: ids,
  canSetValue: ids,
  canDelValue: ids,
  kinds: fc.subarray(['negative', 'string', 'object', 'boolean', 'null'], {
    maxLength: 2,
  }),
  isAsync: fc.boolean(),
});

const getKind = (thing: unknown): string =>
  thing === null
    ? 'null'
    : typeof thing == 'number' && thing < 0
      ? 'negative'
      : typeof thing;

/** An encoded Cell or Value as hooks see it. */
const decode = (atom: unknown): unknown =>
  typeof atom == 'string' && atom.startsWith('\uFFFD')
    ? JSON.parse(atom.slice(1))
    : atom;

export const createRuledHooks = (rules: Rules): Hooks => {
  const answer = (isAllowed: boolean) =>
    rules.isAsync ? Promise.resolve(isAllowed) : isAllowed;
  const can = (hook: keyof Hooks, id: string, thing?: unknown) =>
    answer(!rules[hook].includes(id) && !rules.kinds.includes(getKind(thing)));
  return {
    canSetTable: (t) => can('canSetTable', t),
    canDelTable: (t) => can('canDelTable', t),
    canSetRow: (_, r) => can('canSetRow', r),
    canDelRow: (_, r) => can('canDelRow', r),
    canSetCell: (_t, _r, c, cell) => can('canSetCell', c, cell),
    canDelCell: (_t, _r, c) => can('canDelCell', c),
    canSetValue: (v, value) => can('canSetValue', v, value),
    canDelValue: (v) => can('canDelValue', v),
  };
};

type Path = [what: 't', t: string, r: string, c: string] | ['v', v: string];

const getPaths = (content: FlatContent): Path[] =>
  [...content.keys()].map((key) => JSON.parse(key));

const isIn = (path: Path, t: string, r?: string): boolean =>
  path[0] == 't' && path[1] == t && (r === undefined || path[2] == r);

const has = (content: FlatContent, t: string, r?: string): boolean =>
  getPaths(content).some((path) => isIn(path, t, r));

const things = (): any => Object.create(null);

/** What the rules let through of changes, by docs/protocol.md's P4 and P8. */
export const applyByRules = (
  content: FlatContent,
  [tables, values]: any,
  rules: Rules,
): FlatContent => {
  const {kinds} = rules;
  const mayDelRow = (t: string, r: string) =>
    !rules.canDelRow.includes(r) &&
    getPaths(content).every(
      (path) => !isIn(path, t, r) || !rules.canDelCell.includes(path[3]!),
    );
  const patch = (before: FlatContent, one: any) =>
    applyToFlat(new Map(before), [one, {}]);
  let after = new Map(content);
  for (const [t, table] of Object.entries<any>(tables)) {
    const before = after;
    if (table === DELETED) {
      const rowIds = getPaths(content).flatMap((path) =>
        isIn(path, t) && mayDelRow(t, path[2]!) ? [path[2]!] : [],
      );
      if (!rules.canDelTable.includes(t)) {
        rowIds.forEach((r) => {
          after = patch(after, {[t]: {[r]: DELETED}});
        });
      }
    } else if (!rules.canSetTable.includes(t)) {
      for (const [r, row] of Object.entries<any>(table)) {
        if (row === DELETED) {
          after = mayDelRow(t, r) ? patch(after, {[t]: {[r]: DELETED}}) : after;
        } else if (!rules.canSetRow.includes(r)) {
          const taken = things();
          for (const [c, cell] of Object.entries(row)) {
            const isRefused =
              cell === DELETED
                ? rules.canDelCell.includes(c)
                : rules.canSetCell.includes(c) ||
                  kinds.includes(getKind(decode(cell)));
            if (!isRefused) {
              taken[c] = cell;
            }
          }
          const next = patch(after, {[t]: {[r]: taken}});
          const isGone = has(after, t, r) && !has(next, t, r);
          after = isGone && rules.canDelRow.includes(r) ? after : next;
        }
      }
      const isGone = has(before, t) && !has(after, t);
      after = isGone && rules.canDelTable.includes(t) ? before : after;
    }
  }
  const takenValues = things();
  for (const [v, value] of Object.entries(values)) {
    const isRefused =
      value === DELETED
        ? rules.canDelValue.includes(v)
        : rules.canSetValue.includes(v) ||
          kinds.includes(getKind(decode(value)));
    if (!isRefused) {
      takenValues[v] = value;
    }
  }
  return applyToFlat(after, [{}, takenValues]);
};

/** What has happened that a rule protects from it, whatever was sent. */
export const findBreaches = (
  before: FlatContent,
  after: FlatContent,
  rules: Rules,
): string[] => {
  const breaches: string[] = [];
  const check = (hook: keyof Hooks, id: string, path: Path) =>
    rules[hook].includes(id) && breaches.push(`${hook}: ${path.join()}`);
  for (const path of getPaths(after)) {
    const key = JSON.stringify(path);
    const atom = after.get(key);
    if (before.get(key) !== atom) {
      if (rules.kinds.includes(getKind(decode(atom)))) {
        breaches.push(`${path.join()} is ${String(atom)}`);
      }
      if (path[0] == 't') {
        check('canSetTable', path[1], path);
        check('canSetRow', path[2], path);
        check('canSetCell', path[3], path);
      } else {
        check('canSetValue', path[1], path);
      }
    }
  }
  for (const path of getPaths(before)) {
    if (!after.has(JSON.stringify(path))) {
      if (path[0] == 't') {
        const [, t, r, c] = path;
        check('canDelCell', c, path);
        has(after, t, r) || check('canDelRow', r, path);
        has(after, t) || check('canDelTable', t, path);
      } else {
        check('canDelValue', path[1], path);
      }
    }
  }
  return breaches;
};
