/** What was measured of mirrors, as Markdown. */
import type {Measured} from './measure.js';
import {format} from '../report.js';

const createRow = (cells: string[]): string => `| ${cells.join(' | ')} |`;

const createTable = (head: string[], rows: string[][]): string =>
  [
    createRow(head),
    createRow(head.map((_, index) => (index ? '--:' : '---'))),
    ...rows.map(createRow),
  ].join('\n');

/** A row for each sink and what it keeps. */
export const describeSinks = (measured: Measured[]): string =>
  createTable(
    [
      'sink',
      'lag, p50 (ms)',
      'lag, p99 (ms)',
      'commits/s',
      'changes/s',
      'batches/s',
      'behind at the end (ms)',
    ],
    measured.map(({sink, what, figures}) => [
      `${sink}, ${what}`,
      ...[
        figures.p50Ms,
        figures.p99Ms,
        figures.commitsPerSecond,
        figures.changesPerSecond,
        figures.batchesPerSecond,
        figures.behindMs,
      ].map((figure) => format(figure!)),
    ]),
  );

/** A row for each way to learn of changes, with p50 / p99 of each sink. */
export const describeMeans = (measured: Measured[]): string => {
  const sinks = [...new Set(measured.map(({sink}) => sink))];
  const means = [...new Set(measured.map(({what}) => what))];
  return createTable(
    ['lag, p50 / p99 (ms)', ...sinks],
    means.map((what) => [
      what,
      ...sinks.map((sink) => {
        const {p50Ms, p99Ms} = measured.find(
          (one) => one.sink == sink && one.what == what,
        )!.figures;
        return `${format(p50Ms!)} / ${format(p99Ms!)}`;
      }),
    ]),
  );
};
