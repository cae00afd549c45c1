import {test} from 'vitest';
import {COMMITS, SEED, TIMEOUT_MS} from '../support/chaos/run.js';
import {runFeedChaos} from '../support/chaos/scenes.js';
import {createSqliteTarget} from '../support/chaos/sql.js';

test(
  `a mirror of ${COMMITS} commits in SQLite is exact, whatever crashes, seed ${SEED}`,
  {timeout: TIMEOUT_MS},
  async () => {
    console.log(await runFeedChaos(await createSqliteTarget()));
  },
);
