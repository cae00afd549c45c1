/** A batch is written where the sink is at its `after`, and nowhere else. */
import assert from 'node:assert/strict';
import {setImmediate as yieldTurn} from 'node:timers/promises';
import {ModelRoom} from '../model-room.js';
import type {Cases} from '../scene.js';
import {createRoom} from './basics.js';

const RACES = 10;

const compareAnswers = (one: boolean, other: boolean): number =>
  Number(one) - Number(other);

export const orderCases: Cases = {
  'takes a batch once': async (scene) => {
    const sink = await scene.openSink();
    const room = createRoom();
    await scene.refuse(sink, await scene.write(sink, room), room);
    room.commit((store) => store.delRow('pets', 'felix'));
    await scene.refuse(sink, await scene.write(sink, room), room);
    room.restart((store) => store.setValue('new', true));
    await scene.refuse(sink, await scene.write(sink, room), room);
  },

  'refuses a batch that follows on something else': async (scene) => {
    const sink = await scene.openSink();
    const room = createRoom();
    const ahead = room.createBatch();
    const {epoch, offset} = ahead.position;
    // It does not know the room yet.
    for (const commits of [undefined, []]) {
      await scene.refuse(
        sink,
        {...ahead, commits, after: {epoch, offset: offset - 1}},
        room,
      );
    }
    await scene.write(sink, room);
    room.commit((store) => store.setContent([{}, {wrong: true}]));
    const batch = room.createBatch();
    for (const after of [
      undefined,
      {epoch, offset: offset - 1},
      {epoch, offset: offset + 1},
      {epoch: 'another', offset},
    ]) {
      await scene.refuse(sink, {...batch, after}, room);
      await scene.refuse(sink, {...batch, after, commits: undefined}, room);
    }
    await scene.write(sink, room);
    await scene.refuse(sink, batch, room);
    await scene.refuse(sink, ahead, room);
  },

  'knows an epoch from one that differs by case': async (scene) => {
    const sink = await scene.openSink();
    const room = createRoom();
    const batch = await scene.write(sink, room);
    const {epoch, offset} = batch.position;
    room.commit((store) => store.delTables());
    for (const other of [epoch.toUpperCase(), `${epoch} `]) {
      const after = {epoch: other, offset};
      await scene.refuse(sink, {...room.createBatch(), after}, room);
    }
  },

  'lets one of two sinks win': async (scene) => {
    const sinks = [await scene.openSink(), await scene.openSink()];
    const room = createRoom();
    for (let race = 0; race < RACES; race++) {
      const batch = room.createBatch();
      const answers = await Promise.all(
        sinks.map((sink) => sink.write(structuredClone(batch))),
      );
      assert.deepEqual(
        answers.toSorted(compareAnswers),
        [false, true],
        'of two sinks that write the same batch one gets true, the other false',
      );
      room.accept(batch);
      await scene.check(sinks[race % 2]!, room);
      room.commit((store) => {
        store.setCell('pets', `pet${race}`, 'race', race);
        store.delRow('pets', `pet${race - 1}`);
      });
      if (race % 4 == 3) {
        room.forgetCommits();
      }
    }
  },

  'lets one of two different batches win': async (scene) => {
    const sinks = [await scene.openSink(), await scene.openSink()];
    for (let race = 0; race < RACES; race++) {
      // Two that believe to be the room, as before and after a restart.
      const rooms = sinks.map((_, side) =>
        new ModelRoom(`room${race}`).commit((store) =>
          store.setContent([
            {pets: {[`of${side}`]: {side}}},
            {[`v${side}`]: 1},
          ]),
        ),
      );
      const batches = rooms.map((room) => room.createBatch());
      const answers = await Promise.all(
        sinks.map((sink, side) => sink.write(batches[side]!)),
      );
      const winner = answers.indexOf(true);
      assert.deepEqual(answers.toSorted(compareAnswers), [false, true]);
      rooms[winner]!.accept(batches[winner]!);
      await scene.check(sinks[1 - winner]!, rooms[winner]!);
    }
  },

  'keeps rooms apart that are written at once': async (scene) => {
    const sinks = [await scene.openSink(), await scene.openSink()];
    const rooms = Array.from({length: 40}, (_, index) =>
      createRoom(`room${index}`).commit((store) =>
        store.setValue('index', index),
      ),
    );
    for (let round = 0; round < 3; round++) {
      await Promise.all(
        rooms.map((room, index) => scene.put(sinks[index % 2]!, room)),
      );
      rooms.forEach((room, index) => {
        room.commit((store) => {
          store.delRow('pets', round ? 'fido' : 'felix');
          store.setCell('rounds', `${round}`, 'index', index);
        });
        if (index % 10 == 9) {
          room.forgetCommits();
        }
      });
    }
    await Promise.all(rooms.map((room) => scene.put(sinks[0]!, room)));
    for (const room of rooms) {
      await scene.check(sinks[1]!, room);
    }
    assert.equal((await sinks[0]!.listRooms()).length, rooms.length);
  },

  'is at one position for who reads while it is written': async (scene) => {
    const [writer, reader] = [await scene.openSink(), await scene.openSink()];
    const room = new ModelRoom('room').commit((store) => {
      for (let row = 0; row < 50; row++) {
        store.setCell('rows', `row${row}`, 'at', 1);
      }
      store.setValue('at', 1);
    });
    await scene.put(writer, room);
    const writing = {isOver: false};
    const write = async (): Promise<void> => {
      for (let at = 2; at <= 30; at++) {
        room.commit((store) => {
          store.getRowIds('rows').forEach((id) => {
            store.setCell('rows', id, 'at', at);
          });
          store.setValue('at', at);
        });
        await scene.put(writer, room);
      }
    };
    const read = async (): Promise<void> => {
      while (!writing.isOver) {
        // A sink in memory would let nothing else happen.
        await yieldTurn();
        const state = await reader.read('room');
        assert.ok(state, 'a room is not known while it is written');
        const [tables = {}, values = {}] = state.content ?? [];
        const found = new Set([
          ...Object.values(tables['rows'] ?? {}).map((row) => row['at']),
          ...Object.values(values),
        ]);
        assert.deepEqual(
          [...found],
          state.content ? [state.offset] : [],
          'content that was read is of another position than is told with it',
        );
      }
    };
    const reading = read();
    // Told below, after the writer has stopped.
    reading.catch(() => {});
    try {
      await write();
    } finally {
      writing.isOver = true;
    }
    await reading;
    await scene.check(reader, room);
  },

  'writes nothing where a write fails': async (scene) => {
    const {breakNextWrite} = scene.storage;
    if (!breakNextWrite) {
      return;
    }
    const sink = await scene.openSink();
    const room = createRoom();
    const edits = [
      (): unknown => undefined,
      (): unknown =>
        room.commit(
          (store) => store.delRow('pets', 'fido'),
          (store) => store.setRow('pets', 'rex', {species: 'dog'}),
          (store) => store.setValues({closed: true}),
        ),
      (): unknown => room.restart((store) => store.setValue('new', true)),
      (): unknown =>
        room.commit((store) => store.delValue('new')).forgetCommits(),
    ];
    for (const edit of edits) {
      edit();
      await breakNextWrite.call(scene.storage);
      await assert.rejects(async () => {
        await sink.write(room.createBatch());
      }, 'a write that fails does not reject');
      await scene.check(sink, room);
      await scene.check(await scene.openSink(), room);
      await scene.write(sink, room);
    }
  },
};
