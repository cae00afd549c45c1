/**
 * `npm run bench`: measures all scenarios, side by side and round by round, and
 * prints medians and ratios. Options:
 *
 * - `--rounds N`: how many (3).
 * - `--only ID`: scenarios whose id begins so; several.
 * - `--no-peers`: without the scenarios of other libraries.
 * - `--smoke`: that every scenario works for every subject; times nothing.
 * - `--out FILE`: writes the figures as JSON.
 */
import {writeFile} from 'node:fs/promises';
import {parseArgs} from 'node:util';
import {describeMachine, describeVersions} from './machine.js';
import {measureGroups} from './measure.js';
import {describe, describeSmoke} from './report.js';
import type {BenchResult} from './result.js';
import {GROUPS} from './scenarios.js';

const {values} = parseArgs({
  options: {
    rounds: {type: 'string', default: '3'},
    only: {type: 'string', multiple: true},
    'no-peers': {type: 'boolean', default: false},
    smoke: {type: 'boolean', default: false},
    out: {type: 'string'},
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
    versions: describeVersions(),
    rounds,
    scenarios: [],
  };
  console.log(`${result.machine}\n`);
  const groups = GROUPS.map(({name, scenarios}) => ({
    name,
    scenarios: scenarios.filter(({id}) => isWanted(id)),
  })).filter(({scenarios}) => scenarios.length);
  result.scenarios = await measureGroups(groups, {
    rounds,
    isSmoke: values.smoke,
    loadDir: import.meta.dirname,
    onResult: (scenario) =>
      console.log(values.smoke ? describeSmoke(scenario) : describe(scenario)),
  });
  return result;
};

const result = await measure();
if (values.out) {
  await writeFile(values.out, JSON.stringify(result, null, 2) + '\n');
}
const hasFailed = result.scenarios.some(({subjects}) =>
  Object.values(subjects).some(({failures}) => failures),
);
process.exit(hasFailed ? 1 : 0);
