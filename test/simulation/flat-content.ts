/** Content as the model keeps it: an atom for each path, told apart as text. */
export type FlatContent = Map<string, unknown>;

const DELETED = '\uFFFC';

const flattenAtom = (value: unknown): unknown =>
  typeof value == 'object' && value ? '\uFFFD' + JSON.stringify(value) : value;

/** Applies content or changes, in the order in which they are written. */
export const applyToFlat = (
  flat: FlatContent,
  [tables, values]: any,
): FlatContent => {
  const clear = (...path: string[]) => {
    const prefix = JSON.stringify(path).slice(0, -1) + ',';
    for (const key of flat.keys()) {
      if (key.startsWith(prefix)) {
        flat.delete(key);
      }
    }
  };
  const set = (path: string[], atom: unknown) =>
    atom === DELETED || atom === undefined
      ? flat.delete(JSON.stringify(path))
      : flat.set(JSON.stringify(path), flattenAtom(atom));
  for (const [t, table] of Object.entries<any>(tables)) {
    if (table === DELETED || table === undefined) {
      clear('t', t);
    } else {
      for (const [r, row] of Object.entries<any>(table)) {
        if (row === DELETED || row === undefined) {
          clear('t', t, r);
        } else {
          for (const [c, cell] of Object.entries(row)) {
            set(['t', t, r, c], cell);
          }
        }
      }
    }
  }
  for (const [v, value] of Object.entries(values)) {
    set(['v', v], value);
  }
  return flat;
};

export const flatten = (content: unknown): FlatContent =>
  applyToFlat(new Map(), content);

/** The same text for the same content. */
export const toText = (flat: FlatContent): string =>
  JSON.stringify([...flat].sort(([a], [b]) => (a < b ? -1 : 1)));

/** What differs, for people. */
export const describeDifference = (a: FlatContent, b: FlatContent): string =>
  [...new Set([...a.keys(), ...b.keys()])]
    .filter((key) => a.get(key) !== b.get(key))
    .slice(0, 8)
    .map((key) => `${key}: ${JSON.stringify([a.get(key), b.get(key)])}`)
    .join('  ');

/** The same text for the same changes, deletions and all. */
export const toChangesText = ([tables, values]: any): string => {
  const flat: FlatContent = new Map();
  const add = (path: string[], thing: any, depth: number): void => {
    if (depth && typeof thing == 'object') {
      for (const id of Object.keys(thing)) {
        add([...path, id], thing[id], depth - 1);
      }
    } else {
      flat.set(JSON.stringify(path), flattenAtom(thing));
    }
  };
  add(['t'], tables, 3);
  add(['v'], values, 1);
  return toText(flat);
};
