/** Much at once. */
import type {Store} from 'tinybase';
import {ModelRoom} from '../model-room.js';
import type {Cases} from '../scene.js';
import {createRoom} from './basics.js';

const COMMITS = 1_000;
const CELLS_IN_ROW = 10;

export const createBigCases = (cells: number): Cases => ({
  'writes 1,000 commits at once': async (scene) => {
    const sink = await scene.openSink();
    const room = createRoom();
    await scene.write(sink, room);
    room.commit(
      ...Array.from({length: COMMITS}, (_, index) => (store: Store) => {
        if (index % 5 == 4) {
          store.delRow('rows', `${(index * 7) % 20}`);
        } else {
          store.setCell('rows', `${(index * 7) % 20}`, `${index % 4}`, index);
        }
        store.setValue('index', index);
      }),
    );
    await scene.write(sink, room);
  },

  [`writes ${cells.toLocaleString('en')} Cells at once`]: async (scene) => {
    const sink = await scene.openSink();
    const room = new ModelRoom('room').commit((store) =>
      store.transaction(() => {
        for (let cell = 0; cell < cells; cell++) {
          const row = Math.floor(cell / CELLS_IN_ROW);
          store.setCell(
            `table${row % 3}`,
            `row${row}`,
            `cell${cell % CELLS_IN_ROW}`,
            `cell ${cell} of all`,
          );
        }
      }),
    );
    await scene.write(sink, room);
    await scene.write(
      sink,
      room.commit((store) =>
        store.transaction(() =>
          store.forEachTable((tableId) =>
            store.forEachRow(tableId, (rowId) =>
              store.setCell(tableId, rowId, 'cell0', true),
            ),
          ),
        ),
      ),
    );
    await scene.write(
      sink,
      room.commit((store) => store.setCell('table1', 'row1', 'cell1', 'one')),
    );
    await scene.write(
      sink,
      room.commit((store) => store.delTable('table0')).forgetCommits(),
    );
    await scene.write(
      sink,
      room.commit((store) => store.delTables()),
    );
  },
});
