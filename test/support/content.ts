/** Content as it travels and as an application sees it. */
import type {Content} from 'tinybase';

// TinyBase keeps objects and arrays as strings that begin with this.
const JSON_PREFIX = '\uFFFD';

/** Decodes the objects and arrays in content, in place. */
export const decodeContent = (content: Content): Content => {
  const decode = (things: Record<string, any>, depth: number): void => {
    for (const id of Object.keys(things)) {
      const thing = things[id];
      if (depth) {
        decode(thing, depth - 1);
      } else if (typeof thing == 'string' && thing.startsWith(JSON_PREFIX)) {
        setOwn(things, id, JSON.parse(thing.slice(1)));
      }
    }
  };
  decode(content[0], 2);
  decode(content[1], 0);
  return content;
};

/** Content as JSON in which the order of ids does not matter. */
export const canonicalize = (content: unknown): string =>
  JSON.stringify(content, (_, thing) => {
    if (typeof thing != 'object' || !thing || Array.isArray(thing)) {
      return thing;
    }
    const sorted = Object.create(null) as Record<string, unknown>;
    for (const id of Object.keys(thing).sort()) {
      setOwn(sorted, id, thing[id]);
    }
    return sorted;
  });

/** Sets a key, `__proto__` too. */
export const setOwn = (
  things: Record<string, unknown>,
  id: string,
  thing: unknown,
): void => {
  Object.defineProperty(things, id, {
    value: thing,
    configurable: true,
    enumerable: true,
    writable: true,
  });
};
