/** Our rooms on other platforms than `partykit dev`, as subjects of their own. */
import {adaptRooms} from '../test/support/adapt-rooms.js';
import type {ServerProcess} from '../test/support/server-process.js';
import {type ObjectStorage, startWorkerd} from '../test/support/workerd.js';
import {installOnce} from './install-once.js';
import type {Measure, Scenario} from './scenario.js';
import {OUR_ROOMS, REPOSITORY} from './servers.js';
import {TITLES} from './subjects.js';

type Platform = {title: string; storage: ObjectStorage};

const PLATFORMS: {[name: string]: Platform} = {
  partyserver: {title: 'on partyserver, SQLite', storage: 'sqlite'},
  partyserverKv: {title: 'on partyserver, key-value', storage: 'kv'},
};

/** Where the runtime of these is installed. */
export const RUNTIME_DIR = `${REPOSITORY}test/partyserver`;

export type PlatformServers = {[platform: string]: ServerProcess};

export const startPlatforms = async (): Promise<PlatformServers> => {
  await installOnce(RUNTIME_DIR);
  const servers: PlatformServers = {};
  for (const [name, {storage}] of Object.entries(PLATFORMS)) {
    servers[name] = await startWorkerd({...adaptRooms(OUR_ROOMS), storage});
  }
  return servers;
};

/** What is measured of ours there, too. */
const SUBJECTS = ['ours', 'oursHooks'];

/**
 * Which scenarios are. The rest is not of a server at all (the client, what is
 * billed, limits of memory), or needs what this one has not: relays and rooms of
 * TinyBase's own, which are PartyKit classes (waking), the inspector (memory), a
 * process that is found by it (processor). Growth has sizes for its subjects, and
 * peers have servers of their own.
 */
const PORTABLE =
  /^(stream-|latency|feed-|get-|put|keys-|delete-|catch-up|joins|compaction)(?!.*-peers$)/;

/** A scenario with the same subjects on each of the platforms. */
export const addPlatforms = (scenario: Scenario): Scenario => {
  if (!PORTABLE.test(scenario.id)) {
    return scenario;
  }
  const subjects: {[name: string]: Measure} = {};
  const titles: {[name: string]: string} = {};
  for (const [name, measure] of Object.entries(scenario.subjects)) {
    for (const [platform, {title}] of Object.entries(PLATFORMS)) {
      if (SUBJECTS.includes(name)) {
        const own = scenario.titles?.[name] ?? TITLES[name];
        subjects[`${name}@${platform}`] = (bench) =>
          measure({...bench, dev: bench.platforms[platform]!});
        titles[`${name}@${platform}`] = `${own}, ${title}`;
      }
    }
  }
  return {
    ...scenario,
    subjects: {...scenario.subjects, ...subjects},
    titles: {...scenario.titles, ...titles},
  };
};
