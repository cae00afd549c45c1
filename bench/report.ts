/** The figures of a scenario as people read them. */
import {median, type Scenario} from './scenario.js';
import {SUBJECTS} from './subjects.js';

export type Measured = {
  scenario: Scenario;
  figures: {[subject: string]: number[]};
};

const format = (figure: number): string =>
  figure >= 100
    ? Math.round(figure).toLocaleString('en')
    : figure.toPrecision(3).replace(/\.?0+$/, '');

const getTitle = (subject: string): string =>
  (SUBJECTS as {[name: string]: {title: string}})[subject]?.title ?? subject;

/** Medians, their ratio to ours, and whether goals are met. */
export const describe = ({scenario, figures}: Measured): string => {
  const ours = median(figures.ours!);
  const lines = Object.entries(figures).map(([subject, each]) => {
    const figure = median(each);
    const goal = scenario.goals.find(({to}) => to == subject);
    const ratio = ours / figure;
    const isMet =
      ratio >= (goal?.atLeast ?? 0) && ratio <= (goal?.atMost ?? Infinity);
    return [
      '  ' + getTitle(subject).padEnd(46),
      format(figure).padStart(9) + ' ' + scenario.unit,
      subject == 'ours' ? '' : `ours is ${format(ratio)} times that`,
      goal
        ? `(goal ${goal.atLeast ? '≥' : '≤'} ${goal.atLeast ?? goal.atMost}: ` +
          `${isMet ? 'met' : 'MISSED'})`
        : '',
      each.length > 1 ? `[${each.map(format).join(', ')}]` : '',
    ].join('  ');
  });
  if (scenario.atMost !== undefined) {
    const isMet = ours <= scenario.atMost;
    lines.push(
      `  goal ≤ ${format(scenario.atMost)} ${scenario.unit}: ` +
        (isMet ? 'met' : 'MISSED'),
    );
  }
  return [scenario.title, ...lines, ''].join('\n');
};
