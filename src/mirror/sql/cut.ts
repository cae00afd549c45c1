/** Cuts what is written into as much at a time as a statement can well have. */

// MySQL takes a statement of 16 MB unless told.
const MAX_LENGTH = 1_000_000;

/**
 * In order, up to `maxItems` a part, and no more text than MAX_LENGTH, except where
 * an item has more by itself.
 */
export function* cut<Item>(
  items: Iterable<Item>,
  maxItems: number,
  getLength: (item: Item) => number,
): Generator<Item[]> {
  let part: Item[] = [];
  let length = 0;
  for (const item of items) {
    const itemLength = getLength(item);
    if (
      part.length == maxItems ||
      (part.length && length + itemLength > MAX_LENGTH)
    ) {
      yield part;
      part = [];
      length = 0;
    }
    part.push(item);
    length += itemLength;
  }
  if (part.length) {
    yield part;
  }
}
