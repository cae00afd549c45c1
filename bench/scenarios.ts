/** All that is measured, in groups that have a server of their own. */
import {ASLEEP} from './asleep.js';
import {CATCH_UP} from './catch-up.js';
import {CLIENT} from './client.js';
import {COMPACTION} from './compaction.js';
import {COSTS} from './costs.js';
import {DELETIONS} from './deletions.js';
import {FEED} from './feed.js';
import {FITTING} from './fits.js';
import {GROWTH} from './growth.js';
import {HTTP} from './http.js';
import {JOINS} from './joins.js';
import {KEYS} from './keys.js';
import {MEMORY} from './memory.js';
import {PEER_SCENARIOS} from './peers/scenarios.js';
import {PROCESSOR} from './processor.js';
import type {Scenario} from './scenario.js';
import {STREAMS} from './streams.js';

export type Group = {
  /** The heading of its tables. */
  title: string;
  scenarios: Scenario[];
};

export const GROUPS: Group[] = [
  {title: 'Changes', scenarios: STREAMS},
  {title: 'The live feed', scenarios: FEED},
  {title: 'The whole content', scenarios: HTTP},
  {
    title: 'Storage, and coming back',
    scenarios: [...KEYS, ...DELETIONS, ...CATCH_UP],
  },
  {title: 'Waking', scenarios: ASLEEP},
  {title: 'Joining', scenarios: JOINS},
  {title: 'Growth', scenarios: GROWTH},
  {title: 'Compaction', scenarios: COMPACTION},
  {title: 'Memory', scenarios: MEMORY},
  {title: 'Limits of memory', scenarios: FITTING},
  {title: 'Where the time goes', scenarios: PROCESSOR},
  {title: 'What is billed', scenarios: COSTS},
  {title: 'The client', scenarios: CLIENT},
  {
    title: 'Other libraries, each with its real clients',
    scenarios: PEER_SCENARIOS,
  },
];
