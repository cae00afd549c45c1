/** How long deletions take to another client, beside a change of one Cell. */
import {changeCell, DELETE_TABLE, deleteRow} from './changes.js';
import {createFilledRoom, openPair} from './room.js';
import {type Bench, median, oncePerRound, type Scenario} from './scenario.js';
import type {SubjectName} from './subjects.js';

/** A Table can be deleted once a room. */
const ROOMS = 3;
const CHANGES_A_ROOM = 20;

type Times = {cell: number; row: number; table: number};

const timeAll = (subject: SubjectName) =>
  oncePerRound(async (bench: Bench): Promise<Times> => {
    const times: {[what in keyof Times]: number[]} = {
      cell: [],
      row: [],
      table: [],
    };
    for (let i = 0; i < (bench.isSmoke ? 1 : ROOMS); i++) {
      const pair = await openPair(await createFilledRoom(bench, subject));
      await pair.change(changeCell('awake', 'yes'), 'yes');
      for (let row = 0; row < CHANGES_A_ROOM; row++) {
        const token = `token${row}`;
        times.cell.push(await pair.change(changeCell('row', token), token));
        times.row.push(
          await pair.change(deleteRow(`row${row}`), `"row${row}"`),
        );
      }
      times.table.push(await pair.change(DELETE_TABLE, 'items'));
      pair.close();
    }
    return {
      cell: median(times.cell),
      row: median(times.row),
      table: median(times.table),
    };
  });

const OURS = timeAll('ours');
const TINYBASE = timeAll('tinybase');

const createScenario = (what: 'row' | 'table', title: string): Scenario => ({
  id: `delete-${what}`,
  title,
  unit: 'ms',
  subjects: {
    ours: async (bench) => (await OURS(bench))[what],
    cell: async (bench) => (await OURS(bench)).cell,
    tinybase: async (bench) => (await TINYBASE(bench))[what],
    tinybaseCell: async (bench) => (await TINYBASE(bench)).cell,
  },
  titles: {
    cell: 'a change of 1 cell, in the same room',
    tinybaseCell: 'a change of 1 cell, in TinyBase’s own',
  },
  goals: [{to: 'cell', atMost: 1.5}],
});

export const DELETIONS: Scenario[] = [
  createScenario('row', 'Deletion of a row, to another client'),
  createScenario(
    'table',
    'Deletion of a table of 100,000 cells, to another client',
  ),
];
