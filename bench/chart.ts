/** A picture of what ours is beside TinyBase's own room, as SVG. */
import {format} from './report.js';
import type {BenchResult, ScenarioResult} from './result.js';

/** Of a scenario: how many times better, and how many times it should be. */
type Bar = {title: string; better: number; goal?: number; isMet: boolean};

const ROW_HEIGHT = 28;
const BAR_HEIGHT = 14;
const TOP = 58;
const BOTTOM = 44;
const LEFT = 470;
const WIDTH = 1000;
const RIGHT = 70;

/** More is better of what is counted in a time; of all else less is. */
const isMoreBetter = ({unit}: ScenarioResult): boolean => unit.endsWith('/s');

const createBar = (scenario: ScenarioResult, of: string): Bar | undefined => {
  const {subjects, goals, title} = scenario;
  const [ours, theirs] = [subjects[of]?.median, subjects.tinybase?.median];
  if (!ours || !theirs) {
    return undefined;
  }
  const goal = goals.find((one) => one.of == of && one.to == 'tinybase');
  const bound = goal && (goal.atLeast ?? goal.atMost);
  const turn = (ratio: number) => (isMoreBetter(scenario) ? ratio : 1 / ratio);
  return {
    title: of == 'ours' ? title : `${title}, TinyBase’s clients`,
    better: turn(ours / theirs),
    isMet: goal?.isMet ?? true,
    ...(bound ? {goal: turn(bound)} : {}),
  };
};

const escape = (text: string): string =>
  text.replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`);

const STYLE = `
    .panel { fill: #fff; stroke: #d0d7de; }
    text { fill: #1f2328; font: 13px system-ui, sans-serif; }
    .title { font-weight: 600; font-size: 15px; }
    .note, .tick { fill: #59636e; font-size: 12px; }
    .grid { stroke: #d8dee4; }
    .even { stroke: #59636e; }
    .bar { fill: #2f6fde; }
    .missed { fill: #bc4c00; }
    .goal { stroke: #1f2328; stroke-width: 2.5; }
    @media (prefers-color-scheme: dark) {
      .panel { fill: #0d1117; stroke: #3d444d; }
      text { fill: #f0f6fc; }
      .note, .tick { fill: #9198a1; }
      .grid { stroke: #2a313c; }
      .even { stroke: #9198a1; }
      .bar { fill: #4c8dff; }
      .missed { fill: #f0883e; }
      .goal { stroke: #f0f6fc; }
    }`;

/** Bars on a scale where each step is ten times the one before. */
export const createChart = ({scenarios, machine}: BenchResult): string => {
  const bars = scenarios
    // Keys are thousands of times fewer, and memory has no scale of times.
    .filter(
      ({unit, id}) => !['keys', 'MB'].includes(unit) && !id.endsWith('-peers'),
    )
    .flatMap((scenario) => [
      createBar(scenario, 'ours'),
      createBar(scenario, 'oursLegacy'),
    ])
    .filter((bar) => bar !== undefined);
  const powers = bars.flatMap(({better, goal = better}) => [
    Math.log10(better),
    Math.log10(goal),
  ]);
  const from = Math.min(0, Math.floor(Math.min(...powers, 0) * 2) / 2);
  const to = Math.max(1, Math.ceil(Math.max(...powers, 1) * 2) / 2);
  const getX = (times: number): number =>
    Math.round(
      LEFT +
        ((Math.log10(times) - from) / (to - from)) * (WIDTH - LEFT - RIGHT),
    );
  const bottom = TOP + bars.length * ROW_HEIGHT;
  const height = bottom + BOTTOM;
  const ticks = Array.from(
    {length: Math.floor(to) - Math.ceil(from) + 1},
    (_, index) => 10 ** (Math.ceil(from) + index),
  );
  const even = getX(1);

  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">
  <title>How many times better than TinyBase’s own</title>
  <style>${STYLE}
  </style>
  <rect class="panel" x=".5" y=".5" width="${WIDTH - 1}" height="${height - 1}" rx="8"/>
  <text class="title" x="20" y="30">How many times better than TinyBase’s own</text>
${ticks
  .map(
    (
      times,
    ) => `  <line class="${times == 1 ? 'even' : 'grid'}" x1="${getX(times)}" x2="${getX(times)}" y1="${TOP - 6}" y2="${bottom}"/>
  <text class="tick" x="${getX(times)}" y="${bottom + 16}" text-anchor="middle">${times.toLocaleString('en')}×</text>`,
  )
  .join('\n')}
${bars
  .map(({title, better, goal, isMet}, index) => {
    const middle = TOP + index * ROW_HEIGHT + ROW_HEIGHT / 2;
    const [x, end] = [even, getX(better)].sort((a, b) => a - b) as [
      number,
      number,
    ];
    const mark =
      goal === undefined
        ? ''
        : `
  <line class="goal" x1="${getX(goal)}" x2="${getX(goal)}" y1="${middle - 10}" y2="${middle + 10}"/>`;
    return `  <text x="${LEFT - 14}" y="${middle + 4.5}" text-anchor="end">${escape(title)}</text>
  <rect class="${isMet ? 'bar' : 'missed'}" x="${x}" y="${middle - BAR_HEIGHT / 2}" width="${Math.max(end - x, 2)}" height="${BAR_HEIGHT}" rx="2"/>${mark}
  <text x="${Math.max(end, goal ? getX(goal) : 0) + 8}" y="${middle + 4.5}">${format(better)}×</text>`;
  })
  .join('\n')}
  <text class="note" x="20" y="${height - 12}">A stroke is the goal. Left of 1× TinyBase’s own is better. Keys and memory are in the tables. ${escape(machine)}.</text>
</svg>
`;
};
