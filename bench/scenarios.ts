/** All that is measured, in groups that have a server of their own. */
import {ASLEEP} from './asleep.js';
import {CATCH_UP} from './catch-up.js';
import {CLIENT} from './client.js';
import {COMPACTION} from './compaction.js';
import {DELETIONS} from './deletions.js';
import {FITTING} from './fits.js';
import {GROWTH} from './growth.js';
import {HTTP} from './http.js';
import {JOINS} from './joins.js';
import {KEYS} from './keys.js';
import {MEMORY} from './memory.js';
import {PEER_SCENARIOS} from './peers/scenarios.js';
import type {Scenario} from './scenario.js';
import {STREAMS} from './streams.js';

export type Group = {name: string; scenarios: Scenario[]};

export const GROUPS: Group[] = [
  {name: 'streams', scenarios: STREAMS},
  {name: 'http', scenarios: HTTP},
  {name: 'changes', scenarios: [...KEYS, ...DELETIONS, ...CATCH_UP]},
  {name: 'sleep', scenarios: ASLEEP},
  {name: 'joins', scenarios: JOINS},
  {name: 'growth', scenarios: GROWTH},
  {name: 'compaction', scenarios: COMPACTION},
  {name: 'memory', scenarios: MEMORY},
  {name: 'limits', scenarios: FITTING},
  {name: 'client', scenarios: CLIENT},
  {name: 'peers', scenarios: PEER_SCENARIOS},
];
