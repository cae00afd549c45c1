/** The collections that the sink uses, and whether there are transactions. */
import type {ClientSession, Collection, Db, MongoClient} from 'mongodb';
import type {CommitDocument, RoomDocument, RowDocument} from './documents.js';

const NAMESPACE_EXISTS = 48;
const DUPLICATE_KEY = 11_000;

/** What the app has set for its own use must not change what is read here. */
const OPTIONS = {
  readPreference: 'primary',
  writeConcern: {w: 'majority'},
  raw: false,
  promoteValues: true,
  promoteLongs: true,
  promoteBuffers: false,
  useBigInt64: false,
  ignoreUndefined: false,
} as const;

export type Collections = {
  rooms: Collection<RoomDocument>;
  rows: Collection<RowDocument>;
  commits: Collection<CommitDocument>;
};

export const getCollections = (db: Db, name: string): Collections => ({
  rooms: db.collection<RoomDocument>(name, OPTIONS),
  rows: db.collection<RowDocument>(`${name}.rows`, OPTIONS),
  commits: db.collection<CommitDocument>(`${name}.commits`, OPTIONS),
});

export const hasCode = (error: unknown, code: number): boolean =>
  (error as {code?: unknown} | undefined)?.code === code;

export const isDuplicateKey = (error: unknown): boolean =>
  hasCode(error, DUPLICATE_KEY);

/** Whether the deployment is a replica set or sharded. */
export const hasTransactions = async (db: Db): Promise<boolean> => {
  const hello = await db.command({hello: 1});
  return hello['setName'] != null || hello['msg'] == 'isdbgrid';
};

/** Older servers create no collection within a transaction. */
export const createCollections = async (
  db: Db,
  names: string[],
): Promise<void> => {
  for (const name of names) {
    try {
      await db.createCollection(name);
    } catch (error) {
      if (!hasCode(error, NAMESPACE_EXISTS)) {
        throw error;
      }
    }
  }
};

/** Runs something in a transaction; it is taken back where that is false. */
export const runInTransaction = async (
  client: MongoClient,
  act: (session: ClientSession) => Promise<boolean>,
): Promise<boolean> => {
  const session = client.startSession();
  try {
    return await session.withTransaction(
      async () => {
        const isDone = await act(session);
        if (!isDone) {
          await session.abortTransaction();
        }
        return isDone;
      },
      {
        readPreference: 'primary',
        readConcern: {level: 'snapshot'},
        writeConcern: {w: 'majority'},
      },
    );
  } finally {
    await session.endSession();
  }
};
