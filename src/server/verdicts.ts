/**
 * What hooks answer at once is dealt with at once: a promise for each Cell of a
 * large push would be more than a room has memory for.
 */

export type MaybePromise<Result> = Result | Promise<Result>;

/** How many hooks that answer later are under way at a time, of one level. */
const MAX_AT_ONCE = 50;

const isPromise = <Result>(
  result: MaybePromise<Result>,
): result is Promise<Result> =>
  typeof (result as Promise<Result> | undefined)?.then == 'function';

/** Goes on with a result when it is there. */
export const andThen = <From, To>(
  result: MaybePromise<From>,
  run: (result: From) => MaybePromise<To>,
): MaybePromise<To> =>
  isPromise(result) ? Promise.resolve(result).then(run) : run(result);

/** Visits each; done at once where none of the visits is a promise. */
export const each = (
  ids: string[],
  visit: (id: string) => MaybePromise<void>,
): MaybePromise<void> => {
  for (let index = 0; index < ids.length; index++) {
    const visited = visit(ids[index]!);
    if (isPromise(visited)) {
      return visitRest(visited, ids.slice(index + 1), visit);
    }
  }
  return undefined;
};

const visitRest = async (
  first: Promise<void>,
  ids: string[],
  visit: (id: string) => MaybePromise<void>,
): Promise<void> => {
  let underWay: Promise<void>[] = [first];
  for (const id of ids) {
    // Also of one that throws: the others must not be left alone.
    underWay.push((async () => await visit(id))());
    if (underWay.length == MAX_AT_ONCE) {
      await Promise.all(underWay);
      underWay = [];
    }
  }
  await Promise.all(underWay);
};
