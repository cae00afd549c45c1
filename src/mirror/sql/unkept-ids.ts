import {isKey, MAX_KEY_LENGTH} from './keys.js';

/** Which ids can be keys; tells of the first of each kind that cannot. */
export class UnkeptIds {
  readonly #told = new Set<string>();

  constructor(readonly onIgnoredError: (error: unknown) => void) {}

  /** What the kind is, as for `Row`. */
  isKey(kind: string, id: string): boolean {
    if (isKey(id)) {
      return true;
    }
    if (!this.#told.has(kind)) {
      this.#told.add(kind);
      this.onIgnoredError(
        new Error(
          `The id of a ${kind} cannot be a key in SQL, so it is in no table: ` +
            `${JSON.stringify(id.slice(0, 50))}. Ids have up to ` +
            `${MAX_KEY_LENGTH} characters, no U+0000 and no half surrogate pair.`,
        ),
      );
    }
    return false;
  }
}
