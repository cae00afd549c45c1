/** The figures as Markdown. */
import {listVersions} from './machine.js';
import {describeBound, format} from './report.js';
import type {
  BenchResult,
  GoalResult,
  ScenarioResult,
  SubjectResult,
} from './result.js';

const MAX_COLUMNS = 5;

/** Scenarios whose subjects make the columns of one table. */
type Table = {titles: string[]; scenarios: ScenarioResult[]};

const getTitles = ({subjects}: ScenarioResult): string[] =>
  Object.values(subjects).map(({title}) => title);

const createTables = (scenarios: ScenarioResult[]): Table[] => {
  const tables: Table[] = [];
  for (const scenario of scenarios) {
    const last = tables.at(-1);
    const titles = [
      ...new Set([...(last?.titles ?? []), ...getTitles(scenario)]),
    ];
    if (last && titles.length <= MAX_COLUMNS) {
      last.titles = titles;
      last.scenarios.push(scenario);
    } else {
      tables.push({titles: getTitles(scenario), scenarios: [scenario]});
    }
  }
  return tables;
};

const createRow = (cells: string[]): string => `| ${cells.join(' | ')} |`;

const createMarkdown = (head: string[], rows: string[][]): string =>
  [
    createRow(head),
    createRow(head.map((_, index) => (index ? '--:' : '---'))),
    ...rows.map(createRow),
  ].join('\n');

const describeGoal = ({subjects}: ScenarioResult, goal: GoalResult): string => {
  const {of, to, value, isMet} = goal;
  const who =
    of == 'ours' || to === undefined ? '' : `${subjects[of]?.title}: `;
  const what =
    to === undefined ? '' : ` × ${subjects[to]?.title}: ${format(value)}`;
  return `${who}${describeBound(goal)}${what}, ${isMet ? 'met' : '**missed**'}`;
};

const describeGoals = (scenario: ScenarioResult): string =>
  scenario.goals.map((goal) => describeGoal(scenario, goal)).join('<br>');

const describeFigure = (subject: SubjectResult | undefined): string =>
  !subject ? '' : subject.failures ? 'failed' : format(subject.median);

/** Subjects are the columns, scenarios the rows. */
const createWide = ({titles, scenarios}: Table): string =>
  createMarkdown(
    ['', ...titles, 'goal'],
    scenarios.map((scenario) => [
      `${scenario.title} (${scenario.unit})`,
      ...titles.map((title) =>
        describeFigure(
          Object.values(scenario.subjects).find((one) => one.title == title),
        ),
      ),
      describeGoals(scenario),
    ]),
  );

/** Subjects are the rows: there are many, or is only one scenario. */
const createLong = (scenario: ScenarioResult): string =>
  createMarkdown(
    [scenario.title, scenario.unit],
    Object.values(scenario.subjects).map((subject) => [
      subject.title,
      describeFigure(subject),
    ]),
  ) + (scenario.goals.length ? `\n\nGoal: ${describeGoals(scenario)}.` : '');

/** A heading and tables for each group of scenarios. */
export const createTable = (
  {scenarios, machine, date, rounds, ...result}: BenchResult,
  groups: {title: string; ids: string[]}[],
): string => {
  const about = `${machine}; ${listVersions(result)}; ${date}; medians of ${rounds} rounds.`;
  const sections = groups.flatMap(({title, ids}) => {
    const ofGroup = scenarios.filter(({id}) => ids.includes(id));
    const tables = createTables(ofGroup).map((table) =>
      table.scenarios.length > 1
        ? createWide(table)
        : createLong(table.scenarios[0]!),
    );
    return ofGroup.length ? [`### ${title}`, ...tables] : [];
  });
  return [about, ...sections].join('\n\n') + '\n';
};
