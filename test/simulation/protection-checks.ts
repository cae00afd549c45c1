/**
 * What a hook protects stays, whatever is pushed: a refusal cannot be walked
 * around by deleting more than that, or less at a time.
 */
import type {FlatContent} from './flat-content.js';
import {getProtected} from './rules.js';
import type {World} from './world.js';

export class ProtectionChecks {
  readonly #isActive: boolean;
  #there = new Set<string>();

  constructor(readonly world: World) {
    const {hooks, schema, takeover, ownWrites} = world.profile;
    // The room's own code asks nobody, nor does a schema that is new to a room.
    this.#isActive =
      hooks != 'none' && !ownWrites && !(takeover && schema != 'none');
  }

  check(truth: FlatContent, offset: number): void {
    if (!this.#isActive) {
      return;
    }
    const there = new Set(
      [...truth.keys()].flatMap((key) => {
        const [area, ...ids] = JSON.parse(key) as string[];
        return getProtected(area!, ids).map((path) => JSON.stringify(path));
      }),
    );
    for (const path of this.#there) {
      this.world.expect(
        there.has(path),
        'G2',
        () => `entry ${offset} deletes ${path}, which a hook protects`,
      );
    }
    this.#there = there;
  }
}
