import {describe, test} from 'vitest';
import {COMMITS, SEED, TIMEOUT_MS} from '../support/chaos/run.js';
import {runTwoWayChaos} from '../support/chaos/scenes.js';
import {
  createMariadbTarget,
  createPostgresTarget,
  createSqliteTarget,
} from '../support/chaos/sql.js';
import {isMariadbMissing} from '../support/databases/private-mariadb.js';
import {isPostgresMissing} from '../support/databases/private-postgres.js';

const TARGETS = [
  ['PostgreSQL', isPostgresMissing, createPostgresTarget],
  ['MariaDB', isMariadbMissing, createMariadbTarget],
  ['SQLite', () => false, createSqliteTarget],
] as const;

describe.each(TARGETS)('', (name, isMissing, createTarget) => {
  test.skipIf(isMissing())(
    `${name} and a room of ${COMMITS} commits, both edited, are the same, whatever crashes, seed ${SEED}`,
    {timeout: TIMEOUT_MS},
    async () => {
      console.log(await runTwoWayChaos(await createTarget(true)));
    },
  );
});
