/** What the suite is given, and what it gives. */
import type {Content} from 'tinybase';
import type {Sink} from '../sink.js';

/** Something empty that sinks can be opened on: a database of its own, say. */
export type SinkStorage = {
  /**
   * A new sink on this storage, as another process would make one. It is called
   * several times, and what it returns is used at the same time.
   */
  createSink: () => Sink | Promise<Sink>;
  /**
   * All of the Store that the storage has of a room, in whatever order. Needed
   * where `read` of the sink gives no content: without it the suite can check
   * positions only. It is asked only for rooms that were written.
   */
  readContent?: (room: string) => Content | Promise<Content>;
  /**
   * Has the next write fail, best in its midst. Without it the suite cannot
   * check that a write that fails has written nothing.
   */
  breakNextWrite?: () => void | Promise<void>;
  /** Removes it: called at the end of each case, after `close` of the sinks. */
  remove?: () => void | Promise<void>;
};

export type SinkContractOptions = {
  /**
   * What the random batches are made from, an integer. The environment variable
   * `SEED` unless told, else another each time. The name of the case has it.
   */
  seed?: number;
  /** How many random batches are written. 150 unless told. */
  randomBatches?: number;
  /** How many Cells the big content has. 20,000 unless told. */
  cells?: number;
};

/** A test, for any test runner. */
export type SinkCase = {
  name: string;
  /** Rejects with an `AssertionError` where the sink breaks its promise. */
  run: () => Promise<void>;
};
