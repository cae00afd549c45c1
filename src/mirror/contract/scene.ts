/** What a case has at hand: sinks on one storage, and what they should have. */
import assert from 'node:assert/strict';
import {type Batch, isSamePosition, type Sink} from '../sink.js';
import {assertContent} from './content.js';
import type {ModelRoom} from './model-room.js';
import type {SinkCase, SinkStorage} from './types.js';

export class Scene {
  readonly storage: SinkStorage;
  readonly #sinks: Sink[] = [];

  constructor(storage: SinkStorage) {
    this.storage = storage;
  }

  /** A sink that is open. */
  async openSink(): Promise<Sink> {
    const sink = await this.storage.createSink();
    this.#sinks.push(sink);
    await sink.open?.();
    return sink;
  }

  /** Writes all that the room has committed, and looks at what is there. */
  async write(sink: Sink, room: ModelRoom): Promise<Batch> {
    const batch = await this.put(sink, room);
    await this.check(sink, room);
    return batch;
  }

  /** Writes all that the room has committed. */
  async put(sink: Sink, room: ModelRoom): Promise<Batch> {
    const batch = room.createBatch();
    assert.equal(
      await sink.write(batch),
      true,
      'a batch that follows on what the sink has was not written',
    );
    room.accept(batch);
    return batch;
  }

  /** The sink must take none of this, and have what it had. */
  async refuse(sink: Sink, batch: Batch, room: ModelRoom): Promise<void> {
    assert.equal(
      await sink.write(batch),
      false,
      'a batch that does not follow on what the sink has resolves to false',
    );
    await this.check(sink, room);
  }

  /** Where the sink is, and what it has, is what was written. */
  async check(sink: Sink, room: ModelRoom): Promise<void> {
    const state = await sink.read(room.id);
    const expected = room.writtenContent;
    const {written} = room;
    if (!written || !expected) {
      assert.equal(state, undefined, 'a room that was never written is known');
      return;
    }
    assert.ok(state, 'a room that was written is not known');
    assert.ok(
      isSamePosition(state, written),
      `it is at ${state.epoch}.${state.offset} in place of ` +
        `${written.epoch}.${written.offset}`,
    );
    if (state.content) {
      assertContent(state.content, expected, 'content that was read');
    }
    if (this.storage.readContent) {
      const content = await this.storage.readContent(room.id);
      assertContent(content, expected, 'content that is kept');
    }
  }

  async end(): Promise<void> {
    for (const sink of this.#sinks) {
      await sink.close?.();
    }
    await this.storage.remove?.();
  }
}

export type Act = (scene: Scene) => Promise<void>;

/** A case by its name, still without a storage. */
export type Cases = {[name: string]: Act};

export const createCase = (
  name: string,
  act: Act,
  createStorage: () => SinkStorage | Promise<SinkStorage>,
): SinkCase => ({
  name,
  run: async () => {
    const scene = new Scene(await createStorage());
    try {
      await act(scene);
    } finally {
      await scene.end();
    }
  },
});
