/** Writes what a run has found, for people and for whoever compares. */
import {execFile} from 'node:child_process';
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {promisify} from 'node:util';
import {createChart} from './chart.js';
import type {BenchResult} from './result.js';
import {GROUPS} from './scenarios.js';
import {REPOSITORY} from './servers.js';
import {createTable} from './table.js';

const NAME = 'performance';
const DOCS = `${REPOSITORY}docs`;
const [BEGIN, END] = ['<!-- figures -->', '<!-- /figures -->'];

/** Tables of the groups that were measured. */
const describeTable = (result: BenchResult): string =>
  createTable(
    result,
    GROUPS.map(({title, scenarios}) => ({
      title,
      ids: scenarios.map(({id}) => id),
    })),
  );

export const readResult = async (file: string): Promise<BenchResult> =>
  JSON.parse(await readFile(file, 'utf8')) as BenchResult;

const writeFigures = async (
  result: BenchResult,
  folder: string,
): Promise<void> => {
  await mkdir(folder, {recursive: true});
  await writeFile(
    `${folder}/${NAME}.json`,
    JSON.stringify(result, null, 2) + '\n',
  );
  await writeFile(`${folder}/${NAME}.svg`, createChart(result));
  // As `npm run check` wants what is in docs/.
  await promisify(execFile)(process.execPath, [
    `${REPOSITORY}node_modules/oxfmt/bin/oxfmt`,
    `${folder}/${NAME}.json`,
  ]);
};

/** Writes JSON, a chart and tables into a folder. */
export const writeReport = async (
  result: BenchResult,
  folder: string,
): Promise<void> => {
  await writeFigures(result, folder);
  await writeFile(`${folder}/${NAME}.md`, describeTable(result));
};

/** Writes JSON and a chart into docs/, and the tables into its page. */
export const writeDocs = async (result: BenchResult): Promise<void> => {
  const page = `${DOCS}/${NAME}.md`;
  const text = await readFile(page, 'utf8');
  const [before, rest = ''] = text.split(BEGIN);
  const [, after] = rest.split(END);
  if (after === undefined) {
    throw new Error(
      `${page} has no ${BEGIN} … ${END} to put the tables between`,
    );
  }
  await writeFigures(result, DOCS);
  await writeFile(
    page,
    `${before}${BEGIN}\n\n${describeTable(result)}\n${END}${after}`,
  );
};
