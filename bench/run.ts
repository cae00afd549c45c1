/**
 * `npm run bench`: measures all scenarios, side by side and round by round, and
 * prints medians and ratios. Options:
 *
 * - `--rounds N`: how many (3).
 * - `--only ID`: scenarios whose id begins so; several.
 * - `--no-peers`: without the scenarios of other libraries.
 * - `--platforms`: our rooms on partyserver, SQLite- and KV-backed, beside.
 * - `--smoke`: that every scenario works for every subject; times nothing.
 * - `--out FOLDER`: writes `performance.json`, `.svg` and `.md` there.
 * - `--docs`: writes them into docs/, the table between the markers of its page.
 * - `--from FILE`: measures nothing, and writes what a JSON of before says.
 */
import {parseArgs} from 'node:util';
import {describeMachine, describeVersions, listVersions} from './machine.js';
import {measureGroups} from './measure.js';
import {describe, describeSmoke} from './report.js';
import {addPlatforms} from './platforms.js';
import type {BenchResult} from './result.js';
import {GROUPS} from './scenarios.js';
import {readResult, writeDocs, writeReport} from './write-report.js';

const {values} = parseArgs({
  options: {
    rounds: {type: 'string', default: '3'},
    only: {type: 'string', multiple: true},
    'no-peers': {type: 'boolean', default: false},
    platforms: {type: 'boolean', default: false},
    smoke: {type: 'boolean', default: false},
    out: {type: 'string'},
    docs: {type: 'boolean', default: false},
    from: {type: 'string'},
  },
});

const isWanted = (id: string): boolean =>
  (!values.only || values.only.some((only) => id.startsWith(only))) &&
  !(values['no-peers'] && id.endsWith('-peers'));

const measure = async (): Promise<BenchResult> => {
  const rounds = values.smoke ? 1 : +values.rounds;
  const result: BenchResult = {
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine(),
    versions: await describeVersions(values.platforms),
    rounds,
    scenarios: [],
  };
  console.log(`${result.machine}; ${listVersions(result)}\n`);
  const groups = GROUPS.map(({title, scenarios}) => ({
    title,
    scenarios: scenarios
      .filter(({id}) => isWanted(id))
      .map((one) => (values.platforms ? addPlatforms(one) : one)),
  })).filter(({scenarios}) => scenarios.length);
  result.scenarios = await measureGroups(groups, {
    rounds,
    isSmoke: values.smoke,
    hasPlatforms: values.platforms,
    loadDir: import.meta.dirname,
    onResult: (scenario) =>
      console.log(values.smoke ? describeSmoke(scenario) : describe(scenario)),
  });
  return result;
};

const result = values.from ? await readResult(values.from) : await measure();
if (values.out) {
  await writeReport(result, values.out);
}
if (values.docs) {
  await writeDocs(result);
}
const hasFailed = result.scenarios.some(({subjects}) =>
  Object.values(subjects).some(({failures}) => failures),
);
process.exit(hasFailed ? 1 : 0);
