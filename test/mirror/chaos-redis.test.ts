import {describe, test} from 'vitest';
import {createRedisTarget} from '../support/chaos/redis.js';
import {
  COMMITS,
  FIRST_CONTENT,
  SEED,
  TIMEOUT_MS,
} from '../support/chaos/run.js';
import {runFeedChaos} from '../support/chaos/scenes.js';
import {isRedisMissing} from '../support/databases/private-redis.js';

describe.skipIf(isRedisMissing())('', () => {
  test.each(['json', 'hashes'] as const)(
    `a mirror of ${COMMITS} commits in Redis as %s is exact, whatever crashes, seed ${SEED}`,
    {timeout: TIMEOUT_MS},
    async (contentAs) => {
      const target = await createRedisTarget(contentAs, FIRST_CONTENT);
      console.log(await runFeedChaos(target));
    },
  );
});
