/** A room that is written batch after batch. */
import assert from 'node:assert/strict';
import {ModelRoom} from '../model-room.js';
import type {Cases} from '../scene.js';

const createRoom = (id = 'room'): ModelRoom =>
  new ModelRoom(id).commit((store) =>
    store.setContent([
      {pets: {fido: {species: 'dog', sold: false}, felix: {species: 'cat'}}},
      {open: true},
    ]),
  );

export const basicCases: Cases = {
  'does not know a room that was never written': async (scene) => {
    const sink = await scene.openSink();
    assert.equal(await sink.read('room'), undefined);
    assert.deepEqual(await sink.listRooms(), []);
  },

  'opens twice': async (scene) => {
    const sink = await scene.openSink();
    await scene.write(sink, createRoom());
    await sink.open?.();
    await scene.write(sink, createRoom('other'));
  },

  'writes a new room': async (scene) => {
    const sink = await scene.openSink();
    await scene.write(sink, createRoom());
  },

  'writes an empty room': async (scene) => {
    const sink = await scene.openSink();
    const room = new ModelRoom('room').commit(() => {});
    await scene.write(sink, room);
    await scene.write(
      sink,
      room.commit((store) => store.setValue('open', true)),
    );
  },

  'writes the commits that follow': async (scene) => {
    const sink = await scene.openSink();
    const room = createRoom();
    await scene.write(sink, room);
    await scene.write(
      sink,
      room.commit((store) => store.setCell('pets', 'fido', 'sold', true)),
    );
    await scene.write(
      sink,
      room.commit(
        (store) => store.setRow('pets', 'rex', {species: 'dog'}),
        (store) => store.setValue('open', false),
        (store) => store.delCell('pets', 'fido', 'sold'),
      ),
    );
  },

  'writes a commit that changes nothing': async (scene) => {
    const sink = await scene.openSink();
    const room = createRoom();
    await scene.write(sink, room);
    await scene.write(
      sink,
      room.commit(() => {}),
    );
  },

  'writes a commit of several transactions': async (scene) => {
    const sink = await scene.openSink();
    const room = createRoom();
    await scene.write(sink, room);
    await scene.write(
      sink,
      room.commit((store) => {
        store.delRow('pets', 'fido');
        store.setRow('pets', 'fido', {price: 5});
        store.delValue('open');
      }),
    );
  },

  'writes a commit that stands for several': async (scene) => {
    const sink = await scene.openSink();
    const room = createRoom();
    await scene.write(sink, room);
    await scene.write(
      sink,
      room.commitNet((store) => {
        store.delTable('pets');
        store.setValue('closed', true);
      }),
    );
  },

  'deletes Cells, Rows, Tables and Values': async (scene) => {
    const sink = await scene.openSink();
    const room = createRoom();
    await scene.write(sink, room);
    await scene.write(
      sink,
      room.commit((store) => store.delCell('pets', 'fido', 'sold')),
    );
    await scene.write(
      sink,
      room.commit((store) => store.delCell('pets', 'fido', 'species')),
    );
    await scene.write(
      sink,
      room.commit((store) => store.delValue('open')),
    );
    await scene.write(
      sink,
      room.commit(
        (store) => store.setRow('species', 'dog', {legs: 4}),
        (store) => store.delRow('pets', 'felix'),
        (store) => store.delTable('species'),
      ),
    );
    assert.deepEqual(room.content, [{}, {}]);
  },

  'deletes and sets again in one batch': async (scene) => {
    const sink = await scene.openSink();
    const room = createRoom();
    await scene.write(sink, room);
    await scene.write(
      sink,
      room.commit(
        (store) => store.delRow('pets', 'fido'),
        (store) => store.setRow('pets', 'fido', {price: 5}),
      ),
    );
    await scene.write(
      sink,
      room.commit(
        (store) => store.delTable('pets'),
        (store) => store.setCell('pets', 'rex', 'price', 6),
      ),
    );
    await scene.write(
      sink,
      room.commit(
        (store) => store.delValues(),
        (store) => store.setValue('open', 'always'),
        (store) => store.setRow('pets', 'rex', {price: 7, sold: true}),
        (store) => store.delTable('pets'),
        (store) => store.setCell('pets', 'rex', 'sold', null),
      ),
    );
    await scene.write(
      sink,
      room.commit(
        (store) => store.setTable('species', {dog: {legs: 4}}),
        (store) => store.delTable('species'),
      ),
    );
  },

  'replaces a room by its new history': async (scene) => {
    const sink = await scene.openSink();
    const room = createRoom();
    await scene.write(sink, room);
    await scene.write(
      sink,
      room.commit((store) => store.setTable('species', {dog: {legs: 4}})),
    );
    await scene.write(
      sink,
      room.restart((store) =>
        store.setContent([{pets: {felix: {sold: true}}}, {closed: true}]),
      ),
    );
    await scene.write(
      sink,
      room.commit((store) => store.delValue('closed')),
    );
  },

  'replaces a room whose commits are not known': async (scene) => {
    const sink = await scene.openSink();
    const room = createRoom();
    await scene.write(sink, room);
    room.commit(
      (store) => store.delRow('pets', 'felix'),
      (store) => store.delCell('pets', 'fido', 'sold'),
      (store) => store.setContent([{owners: {ann: {age: 40}}}, {}]),
      (store) => store.setCell('pets', 'fido', 'species', 'wolf'),
    );
    await scene.write(sink, room.forgetCommits());
    await scene.write(
      sink,
      room.commit((store) => store.delTable('owners')),
    );
  },

  'replaces a room whose position alone has moved': async (scene) => {
    const sink = await scene.openSink();
    const room = createRoom();
    await scene.write(sink, room);
    await scene.write(sink, room.commit(() => {}).forgetCommits());
  },

  'lists the rooms that it knows': async (scene) => {
    const sink = await scene.openSink();
    const ids = ['b', 'a', 'c/d'];
    for (const id of ids) {
      await scene.write(sink, createRoom(id));
      await scene.write(sink, createRoom(`${id}2`));
    }
    const rooms = await sink.listRooms();
    assert.deepEqual(rooms.toSorted(), ['a', 'a2', 'b', 'b2', 'c/d', 'c/d2']);
  },

  'goes on in a new sink': async (scene) => {
    const room = createRoom();
    const first = await scene.openSink();
    await scene.write(first, room);
    const second = await scene.openSink();
    await scene.check(second, room);
    assert.deepEqual(await second.listRooms(), ['room']);
    await scene.write(
      second,
      room.commit((store) => store.delRow('pets', 'fido')),
    );
    await scene.check(first, room);
    await scene.write(
      first,
      room.commit((store) => store.setValue('open', null)),
    );
    await scene.check(await scene.openSink(), room);
  },

  'shares nothing with who writes and reads': async (scene) => {
    const sink = await scene.openSink();
    const room = createRoom();
    for (const edit of [
      (): void => {},
      (): void => void room.commit((store) => store.setValue('open', 2)),
    ]) {
      edit();
      const batch = room.createBatch();
      const before = structuredClone(batch);
      assert.equal(await sink.write(batch), true);
      room.accept(batch);
      assert.deepEqual(batch, before, 'the batch was changed');
      // As the mirror does when it goes on.
      (batch.content[0] as any)['pets'].fido.species = 'changed afterwards';
      delete (batch.content[1] as any)['open'];
      await scene.check(sink, room);
      const state = await sink.read(room.id);
      if (state?.content) {
        (state.content[0] as any)['pets'].fido.species = 'changed by a reader';
        await scene.check(sink, room);
      }
    }
  },
};

export {createRoom};
