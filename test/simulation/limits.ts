/** Limits of the code under test, made small so that seeds reach them. */

type Limits = {[name: string]: number};

/** Put there by the bundler for each constant of a `limits.ts`. */
const {limitSetters = {}} = globalThis as {
  limitSetters?: {[name: string]: (limit: number) => void};
};

export const setLimits = (limits: Limits): void => {
  for (const name of Object.keys(limits)) {
    const set = limitSetters[name];
    if (!set) {
      throw new Error(`There is no limit ${name}`);
    }
    set(limits[name]!);
  }
};
