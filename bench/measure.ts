/** Runs scenarios, subjects side by side and round by round. */
import {startPlatforms} from './platforms.js';
import {type Rounds, type ScenarioResult, sumUp} from './result.js';
import type {Bench, Measure, Scenario} from './scenario.js';
import type {Group} from './scenarios.js';
import {startServers} from './servers.js';

export type MeasureOptions = {
  rounds: number;
  isSmoke: boolean;
  /** Whether our rooms are measured on other platforms, too. */
  hasPlatforms: boolean;
  loadDir: string;
  /** Told of each scenario when all its rounds are over. */
  onResult: (result: ScenarioResult) => void;
};

/** A subject may fail: that is a finding, and no reason to leave out the rest. */
const tryMeasure = async (
  measure: Measure,
  bench: Bench,
): Promise<number | Error> => {
  try {
    return await measure(bench);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
};

const measureScenario = async (
  {subjects, isCounted, once = []}: Scenario,
  bench: Bench,
  rounds: number,
): Promise<Rounds> => {
  const measured: Rounds = Object.fromEntries(
    Object.keys(subjects).map((subject) => [subject, []]),
  );
  const measure = async (subject: string, round: number) =>
    measured[subject]!.push(
      await tryMeasure(subjects[subject]!, {...bench, round}),
    );
  for (let round = 0; round < (isCounted ? 1 : rounds); round++) {
    for (const subject of Object.keys(subjects)) {
      if (!once.includes(subject)) {
        await measure(subject, round);
      }
    }
  }
  // Last: what they leave behind would burden the others.
  for (const subject of once) {
    await measure(subject, 0);
  }
  return measured;
};

type Servers = Pick<Bench, 'dev' | 'platforms'>;

const stopServers = async (servers: Servers | undefined): Promise<void> => {
  for (const server of [
    servers?.dev,
    ...Object.values(servers?.platforms ?? {}),
  ]) {
    await server?.stop();
  }
};

const measureGroup = async (
  {scenarios}: Group,
  {dev, platforms}: Servers,
  {rounds, isSmoke, loadDir, onResult}: MeasureOptions,
): Promise<ScenarioResult[]> => {
  const results: ScenarioResult[] = [];
  const cells = isSmoke ? 1_000 : 100_000;
  for (const scenario of scenarios) {
    const result = sumUp(
      scenario,
      await measureScenario(
        scenario,
        {dev, platforms, isSmoke, cells, loadDir, round: 0},
        isSmoke ? 1 : rounds,
      ),
    );
    results.push(result);
    onResult(result);
  }
  return results;
};

export const measureGroups = async (
  groups: Group[],
  options: MeasureOptions,
): Promise<ScenarioResult[]> => {
  for (const {scenarios} of groups) {
    for (const {prepare} of scenarios) {
      await prepare?.();
    }
  }
  const results: ScenarioResult[] = [];
  let servers: Servers | undefined;
  try {
    for (const group of groups) {
      if (!options.isSmoke) {
        await stopServers(servers);
        servers = undefined;
      }
      servers ??= {
        dev: await startServers(),
        platforms: options.hasPlatforms ? await startPlatforms() : {},
      };
      results.push(...(await measureGroup(group, servers, options)));
    }
  } finally {
    await stopServers(servers);
  }
  return results;
};
