import {test} from 'vitest';
import {COMMITS, SEED, TIMEOUT_MS} from '../support/chaos/run.js';
import {runWebhookChaos} from '../support/chaos/scenes.js';
import {createPostgresTarget} from '../support/chaos/sql.js';
import {isPostgresMissing} from '../support/databases/private-postgres.js';

test.skipIf(isPostgresMissing())(
  `a mirror of ${COMMITS} commits that webhooks tell of is exact, whatever crashes, seed ${SEED}`,
  {timeout: TIMEOUT_MS},
  async () => {
    console.log(await runWebhookChaos(await createPostgresTarget()));
  },
);
