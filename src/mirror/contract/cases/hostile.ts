/** Ids and Cells that are hard to keep come back as they were. */
import assert from 'node:assert/strict';
import type {Store} from 'tinybase';
import {HOSTILE_CELLS, HOSTILE_IDS} from '../hostile-things.js';
import {ModelRoom} from '../model-room.js';
import type {Act, Cases} from '../scene.js';

/** Every id as one of a Table, a Row, a Cell and a Value. */
const setAll =
  (ids: string[], thing: string) =>
  (store: Store): void => {
    for (const id of ids) {
      store.setCell(id, 'row', 'cell', `${thing} of ${id}`);
      store.setCell('table', id, 'cell', `${thing} of ${id}`);
      store.setCell('table', 'row', id, `${thing} of ${id}`);
      store.setCell(id, id, id, `${thing} of ${id}`);
      store.setValue(id, `${thing} of ${id}`);
    }
  };

const keepIds =
  (ids: string[]): Act =>
  async (scene) => {
    const sink = await scene.openSink();
    const room = new ModelRoom('room').commit(setAll(ids, 'first'));
    await scene.write(sink, room);
    await scene.write(sink, room.commit(setAll(ids, 'second')));
    for (const id of ids) {
      await scene.put(
        sink,
        room.commit(
          (store) => store.delCell('table', 'row', id),
          (store) => store.delRow('table', id),
          (store) => store.delValue(id),
        ),
      );
      await scene.write(
        sink,
        room.commit((store) => store.delTable(id)),
      );
    }
    await scene.write(sink, room.commit(setAll(ids, 'third')));
    await scene.write(sink, room.restart(setAll(ids.slice(1), 'new')));
  };

const keepRooms =
  (ids: string[]): Act =>
  async (scene) => {
    const sink = await scene.openSink();
    const rooms = ids.map((id, index) =>
      new ModelRoom(id).commit((store) =>
        store.setContent([{pets: {fido: {index}}}, {id, index}]),
      ),
    );
    for (const room of rooms) {
      await scene.write(sink, room);
    }
    for (const room of rooms) {
      await scene.put(
        sink,
        room.commit((store) => {
          store.setValue('last', true);
          store.delTables();
        }),
      );
    }
    for (const room of rooms) {
      await scene.check(sink, room);
    }
    assert.deepEqual((await sink.listRooms()).toSorted(), ids.toSorted());
  };

const keepCells =
  (cells: any[]): Act =>
  async (scene) => {
    const sink = await scene.openSink();
    const setFrom =
      (first: number) =>
      (store: Store): void =>
        cells.forEach((_, index) => {
          const cell = cells[(first + index) % cells.length];
          store.setCell('cells', `row${index % 3}`, `cell${index}`, cell);
          store.setValue(`value${index}`, cell);
        });
    const room = new ModelRoom('room').commit(setFrom(0));
    await scene.write(sink, room);
    await scene.write(sink, room.commit(setFrom(1)));
    await scene.write(
      sink,
      room.commit(
        (store) => store.delRow('cells', 'row0'),
        setFrom(2),
        (store) => store.delCell('cells', 'row1', 'cell1', true),
      ),
    );
  };

const toCases = <Thing>(
  title: string,
  groups: {[what: string]: Thing[]},
  toAct: (things: Thing[]) => Act,
): Cases =>
  Object.fromEntries(
    Object.entries(groups).map(([what, things]) => [
      `${title} ${what}`,
      toAct(things),
    ]),
  );

export const hostileCases: Cases = {
  ...toCases('keeps ids', HOSTILE_IDS, keepIds),
  ...toCases('keeps rooms with ids', HOSTILE_IDS, keepRooms),
  ...toCases('keeps', HOSTILE_CELLS, keepCells),
};
