/** A sink that keeps rooms in MongoDB. */
import {randomUUID} from 'node:crypto';
import type {ClientSession, Db, MongoClient} from 'mongodb';
import {escapeName, unescapeName} from '../escape-name.js';
import {type Batch, createSink, type Sink, type SinkState} from '../sink.js';
import {
  createCollections,
  getCollections,
  hasTransactions,
  runInTransaction,
} from './collections.js';
import {composeRoom, type DocumentPer, type RoomDocument} from './documents.js';
import {decodeThings} from './encode-things.js';
import {keepCommits} from './keep-commits.js';
import {keepRows, readRows} from './keep-rows.js';
import {
  filterKnown,
  findRoom,
  finishRoom,
  markRoom,
  moveRoom,
  toPosition,
} from './move-room.js';

const DEFAULT_COLLECTION = 'tinybase';

export type MongoSinkOptions = {
  /** Yours: the sink closes nothing of it. */
  db: Db;
  /** The client of `db`, where the driver does not say that itself. */
  client?: MongoClient;
  /**
   * Where the rooms are: `tinybase` unless told. Their Rows are in a collection
   * with `.rows` after that, their commits in one with `.commits`.
   */
  collection?: string;
  /**
   * `room`: a document for each room, 16 MiB at most, written anew with each
   * batch. `row`: one for each Row; a batch writes what it changes. `room` unless
   * told. When it is changed, each room is written anew.
   */
  documentPer?: DocumentPer;
  /** Whether each commit is kept, too, for ever. It is not unless told. */
  history?: boolean;
};

const checkOptions = ({
  db,
  client = db?.client,
  collection = DEFAULT_COLLECTION,
  documentPer = 'room',
  history = false,
}: MongoSinkOptions): Required<MongoSinkOptions> => {
  if (typeof db?.collection != 'function') {
    throw new TypeError('`db` is a `Db` of mongodb: `client.db(name)`.');
  }
  if (typeof client?.startSession != 'function') {
    throw new TypeError('`client` is the `MongoClient` that `db` is of.');
  }
  if (typeof collection != 'string' || !collection) {
    throw new TypeError('`collection` is the name of a collection.');
  }
  if (documentPer != 'room' && documentPer != 'row') {
    throw new TypeError("`documentPer` is 'room' or 'row'.");
  }
  return {db, client, collection, documentPer, history};
};

/**
 * A sink that keeps rooms in MongoDB 4.2 or later. Where there is more than one
 * document to write it takes a transaction, which needs a replica set or a sharded
 * cluster. Without one a batch is not seen at once, a write that a crash has cut
 * off makes the room be written anew, and only one mirror may write.
 *
 * Content that does not fit a document makes `write` throw, with nothing written.
 *
 * @example
 * ```ts
 * import {MongoClient} from 'mongodb';
 * import {createMirror} from 'tinybase-partykit/mirror';
 * import {createMongoSink} from 'tinybase-partykit/mirror/mongodb';
 *
 * const client = new MongoClient('mongodb://127.0.0.1:27017');
 * const mirror = createMirror({
 *   room: 'http://localhost:1999/parties/main/my-room/store',
 *   sink: createMongoSink({db: client.db('app'), documentPer: 'row'}),
 * });
 * await mirror.start();
 * ```
 */
export const createMongoSink = (options: MongoSinkOptions): Sink => {
  const {db, client, collection, documentPer, history} = checkOptions(options);
  const collections = getCollections(db, collection);
  const {rooms, rows, commits} = collections;

  let asked: Promise<boolean> | undefined;
  const canTransact = async (): Promise<boolean> => {
    asked ??= hasTransactions(db);
    try {
      return await asked;
    } catch (error) {
      asked = undefined;
      throw error;
    }
  };

  /** All that belongs to a batch but for the document of the room. */
  const keepParts = async (
    batch: Batch,
    session?: ClientSession,
  ): Promise<void> => {
    if (documentPer == 'row') {
      await keepRows(collections, batch, session);
    } else if (!batch.after) {
      await rows.deleteMany({room: escapeName(batch.room)}, {session});
    }
    if (history) {
      await keepCommits(collections, batch, session);
    }
  };

  const isAtAfter = async ({room, after}: Batch): Promise<boolean> => {
    const at = toPosition(await findRoom(collections, room), documentPer);
    return at?.epoch === after?.epoch && at?.offset === after?.offset;
  };

  /** In an order that ends exact when it is done again after a crash. */
  const writeInSteps = async (
    batch: Batch,
    document: RoomDocument,
  ): Promise<boolean> => {
    const {after} = batch;
    if (documentPer == 'room') {
      if (!(await isAtAfter(batch))) {
        return false;
      }
      await keepParts(batch);
      return await moveRoom(collections, document, {after});
    }
    const writing = randomUUID();
    if (!(await markRoom(collections, document, {after, writing}))) {
      return false;
    }
    await keepParts(batch);
    return await finishRoom(collections, document, writing);
  };

  const readWhole = async (
    room: string,
    session?: ClientSession,
  ): Promise<SinkState | undefined> => {
    const document = await findRoom(collections, room, session);
    const position = toPosition(document, documentPer);
    if (!document || !position) {
      return undefined;
    }
    const values = decodeThings(document.values ?? {}, 1);
    if (documentPer == 'room') {
      const tables = decodeThings(document.tables ?? {}, 3);
      return {...position, content: [tables, values]};
    }
    const tables = await readRows(collections, room, session);
    return {...position, content: [tables, values]};
  };

  return createSink({
    wantsEachCommit: history,

    open: async () => {
      const names = [rooms, rows, commits].map((one) => one.collectionName);
      await createCollections(db, names);
      await rows.createIndex({room: 1, table: 1});
      if (history) {
        await commits.createIndex({room: 1, epoch: 1, offset: 1});
      }
    },

    read: async (room) => {
      if (documentPer == 'room') {
        return await readWhole(room);
      }
      let state: SinkState | undefined;
      if (await canTransact()) {
        await runInTransaction(client, async (session) => {
          state = await readWhole(room, session);
          return true;
        });
        return state;
      }
      state = await readWhole(room);
      // Where it was written meanwhile the Rows may be of several positions.
      const later = await findRoom(collections, room);
      const position = toPosition(later, documentPer);
      return position?.epoch === state?.epoch &&
        position?.offset === state?.offset
        ? state
        : position;
    },

    write: async (batch) => {
      const {after} = batch;
      const document = composeRoom(batch, documentPer);
      if (documentPer == 'room' && after && !history) {
        return await moveRoom(collections, document, {after});
      }
      return (await canTransact())
        ? await runInTransaction(client, async (session) => {
            const isMoved = await moveRoom(collections, document, {
              after,
              session,
            });
            if (isMoved) {
              await keepParts(batch, session);
            }
            return isMoved;
          })
        : await writeInSteps(batch, document);
    },

    listRooms: async () => {
      const found = rooms.find(filterKnown(documentPer), {
        projection: {_id: 1},
      });
      return (await found.toArray()).map(({_id}) => unescapeName(_id));
    },
  });
};
