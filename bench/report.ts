/** A scenario as people read it on a terminal. */
import {
  type GoalResult,
  getRatio,
  type ScenarioResult,
  type SubjectResult,
} from './result.js';

export const format = (figure: number | null): string =>
  figure === null
    ? 'failed'
    : Math.abs(figure) >= 100
      ? Math.round(figure).toLocaleString('en')
      : `${+figure.toPrecision(3)}`;

/** `≥ 8`, or with what is compared to: `≥ 8 × TinyBase’s own`. */
export const describeBound = ({atLeast, atMost}: GoalResult): string =>
  atLeast === undefined ? `≤ ${format(atMost!)}` : `≥ ${format(atLeast)}`;

const describeSubject = (
  scenario: ScenarioResult,
  name: string,
  {title, median, rounds, failures}: SubjectResult,
): string => {
  const ratio =
    name == 'ours' || !scenario.subjects.ours
      ? null
      : getRatio(scenario, 'ours', name);
  const goals = scenario.goals
    // Beside what ours is compared to; any other's beside its own figure.
    .filter(({of, to}) => (of == 'ours' ? (to ?? of) : of) == name)
    .map((goal) => {
      const value = goal.to === undefined ? '' : `${format(goal.value)}, `;
      return (
        `(${value}goal ${describeBound(goal)}: ` +
        `${goal.isMet ? 'met' : 'MISSED'})`
      );
    });
  return [
    '  ' + title.padEnd(48),
    `${format(median).padStart(9)} ${scenario.unit}`,
    ...(ratio === null ? [] : [`ours is ${format(ratio)} times that`]),
    ...goals,
    ...(rounds.length > 1 ? [`[${rounds.map(format).join(', ')}]`] : []),
    ...(failures ? [`failed: ${failures.join('; ')}`] : []),
  ].join('  ');
};

/** Medians, their ratio to ours, and whether goals are met. */
export const describe = (scenario: ScenarioResult): string =>
  [
    `${scenario.title}  [${scenario.id}]`,
    ...Object.entries(scenario.subjects).map(([name, subject]) =>
      describeSubject(scenario, name, subject),
    ),
    '',
  ].join('\n');

/** Which subjects have run to the end, and no figures: too short for any. */
export const describeSmoke = ({id, subjects}: ScenarioResult): string =>
  Object.entries(subjects)
    .map(
      ([name, {failures}]) =>
        `${id}: ${name} ${failures ? `FAILED: ${failures[0]}` : 'ok'}`,
    )
    .join('\n');
