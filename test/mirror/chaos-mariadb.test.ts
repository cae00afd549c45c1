import {test} from 'vitest';
import {COMMITS, SEED, TIMEOUT_MS} from '../support/chaos/run.js';
import {runFeedChaos} from '../support/chaos/scenes.js';
import {createMariadbTarget} from '../support/chaos/sql.js';
import {isMariadbMissing} from '../support/databases/private-mariadb.js';

test.skipIf(isMariadbMissing())(
  `a mirror of ${COMMITS} commits in MariaDB is exact, whatever crashes, seed ${SEED}`,
  {timeout: TIMEOUT_MS},
  async () => {
    console.log(await runFeedChaos(await createMariadbTarget()));
  },
);
