import {test} from 'vitest';
import {COMMITS, SEED, TIMEOUT_MS} from '../support/chaos/run.js';
import {runFeedChaos} from '../support/chaos/scenes.js';
import {createPostgresTarget} from '../support/chaos/sql.js';
import {isPostgresMissing} from '../support/databases/private-postgres.js';

test.skipIf(isPostgresMissing())(
  `a mirror of ${COMMITS} commits in PostgreSQL is exact, whatever crashes, seed ${SEED}`,
  {timeout: TIMEOUT_MS},
  async () => {
    console.log(await runFeedChaos(await createPostgresTarget()));
  },
);
