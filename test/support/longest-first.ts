/** Has vitest begin with what takes longest, so that nothing is left to run alone. */
import {BaseSequencer, type TestSpecification} from 'vitest/node';

/**
 * The longest of all, in that order. Most of them wait rather than compute, or use
 * another core: what is next runs beside them. Vitest itself only knows how long they
 * are as files, or took here the last time.
 */
const LONGEST = [
  'room/feed-sleep',
  'simulation/simulation',
  'room/crashes',
  'mirror/chaos-two-way',
  'room/hibernation',
  'mirror/sql-contract',
  'room/webhooks',
  'interop/takeover-crashes',
  'mirror/chaos-webhooks',
  'room/convergence',
  'mirror/chaos-redis',
  'interop/takeover',
  'browser/demo',
  'room/patch-once',
  'room/big-things',
  'package/packed-package',
  'mirror/chaos-mariadb',
  'mirror/chaos-postgres',
  'mirror/chaos-sqlite',
  'mirror/mongodb',
  'mirror/cli-mirror',
  'mirror/sql-crashes',
  'room/network-faults',
  'interop/sleeping-room',
  'package/docs-examples',
  'unit/session-work',
].map((name) => `/test/${name}.test.ts`);

const getRank = ({moduleId}: TestSpecification): number => {
  const rank = LONGEST.findIndex((end) => moduleId.endsWith(end));
  return rank < 0 ? LONGEST.length : rank;
};

export class LongestFirst extends BaseSequencer {
  override async sort(
    files: TestSpecification[],
  ): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((one, other) => getRank(one) - getRank(other));
  }
}
