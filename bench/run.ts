/**
 * `npm run bench`: measures all scenarios, side by side and round by round, and
 * prints medians and ratios. Options: `--rounds N` (3), `--only ID` (several),
 * `--smoke` (to see that it works), `--out FILE` (for the figures as JSON).
 */
import {writeFile} from 'node:fs/promises';
import {parseArgs} from 'node:util';
import {CATCH_UP} from './catch-up.js';
import {HTTP} from './http.js';
import {JOINS} from './joins.js';
import {describeMachine} from './machine.js';
import {describe, type Measured} from './report.js';
import type {Bench, Scenario} from './scenario.js';
import {startServers} from './servers.js';
import {STREAMS} from './streams.js';

const {values} = parseArgs({
  options: {
    rounds: {type: 'string', default: '3'},
    only: {type: 'string', multiple: true},
    smoke: {type: 'boolean', default: false},
    out: {type: 'string'},
  },
});

const scenarios: Scenario[] = [
  ...STREAMS,
  ...HTTP,
  ...CATCH_UP,
  ...JOINS,
].filter(
  ({id}) => !values.only || values.only.some((only) => id.startsWith(only)),
);

const dev = await startServers();
const bench: Bench = {
  dev,
  isSmoke: values.smoke,
  loadDir: import.meta.dirname,
};
const measured: Measured[] = [];
console.log(describeMachine());
try {
  for (const scenario of scenarios) {
    const figures: {[subject: string]: number[]} = {};
    for (let round = 0; round < (values.smoke ? 1 : +values.rounds); round++) {
      for (const [subject, measure] of Object.entries(scenario.subjects)) {
        (figures[subject] ??= []).push(await measure(bench));
      }
    }
    measured.push({scenario, figures});
    console.log(describe({scenario, figures}));
  }
} finally {
  await dev.stop();
}
if (values.out) {
  await writeFile(
    values.out,
    JSON.stringify(
      {
        machine: describeMachine(),
        scenarios: measured.map(
          ({scenario: {id, title, unit, goals}, figures}) => {
            return {id, title, unit, goals, figures};
          },
        ),
      },
      null,
      2,
    ) + '\n',
  );
}
process.exit(0);
