/** What a run has found, and whether it is what was aimed at. */
import {type Goal, median, type Scenario} from './scenario.js';
import {TITLES} from './subjects.js';

export type SubjectResult = {
  title: string;
  /** Null where no round succeeded. */
  median: number | null;
  rounds: number[];
  /** Why rounds have failed. */
  failures?: string[];
};

export type GoalResult = Goal & {
  of: string;
  /** The amount, or how many times that of `to` it is. */
  value: number | null;
  isMet: boolean;
};

export type ScenarioResult = {
  id: string;
  title: string;
  unit: string;
  subjects: {[name: string]: SubjectResult};
  goals: GoalResult[];
};

export type BenchResult = {
  /** When it was run. */
  date: string;
  machine: string;
  versions: {[name: string]: string};
  rounds: number;
  scenarios: ScenarioResult[];
};

/** What the rounds of a scenario have given, an Error where they failed. */
export type Rounds = {[subject: string]: (number | Error)[]};

export const getRatio = (
  {subjects}: ScenarioResult,
  of: string,
  to: string,
): number | null => {
  const [figure, other] = [subjects[of]?.median, subjects[to]?.median];
  return figure == null || other == null ? null : figure / other;
};

const judge = (
  result: ScenarioResult,
  {of = 'ours', ...goal}: Goal,
): GoalResult => {
  const value =
    goal.to === undefined
      ? (result.subjects[of]?.median ?? null)
      : getRatio(result, of, goal.to);
  const {atLeast = -Infinity, atMost = Infinity} = goal;
  const isMet = value !== null && value >= atLeast && value <= atMost;
  return {of, ...goal, value, isMet};
};

/** Why it failed, and why that. */
const describeError = ({message, cause}: Error): string =>
  message + (cause instanceof Error ? `: ${describeError(cause)}` : '');

export const sumUp = (
  {id, title, unit, titles, goals}: Scenario,
  measured: Rounds,
): ScenarioResult => {
  const result: ScenarioResult = {id, title, unit, subjects: {}, goals: []};
  for (const [subject, each] of Object.entries(measured)) {
    const rounds = each.filter((round) => typeof round == 'number');
    const failures = each
      .filter((round) => typeof round != 'number')
      .map(describeError);
    result.subjects[subject] = {
      title: titles?.[subject] ?? TITLES[subject] ?? subject,
      median: rounds.length ? median(rounds) : null,
      rounds,
      ...(failures.length ? {failures} : {}),
    };
  }
  result.goals = goals.map((goal) => judge(result, goal));
  return result;
};
