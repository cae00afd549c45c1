/**
 * Stands in for a MongoDB server where none can be had: the driver for Node
 * speaks to it by its own wire protocol, through real sockets. It has the few
 * commands and operators that our sink uses, in memory, and refuses all others.
 * It says nothing of how a real server stores, indexes, locks or fails.
 */
import {createServer, type Socket} from 'node:net';
import type {AddressInfo} from 'node:net';
import {BSON, type Document} from 'mongodb';
import {
  CommandError,
  MongoDocuments,
  toKey,
  type Transaction,
} from './mongo-documents.js';
import {readCommands, type WireCommand} from './mongo-wire.js';

const FIRST_BATCH = 101;
const NEXT_BATCH = 1_000;

export type MongoStandIn = {
  url: string;
  /** Fails commands that this is true for, before they do anything. */
  failOn: (fails: ((command: Document) => boolean) | undefined) => void;
  stop: () => Promise<void>;
};

type Context = {
  db: string;
  name: string;
  transaction: Transaction | undefined;
};

/** Replaces or changes a document, as `u` of an update says. */
const change = (document: Document, update: Document): Document => {
  const [first] = Object.keys(update);
  if (!first?.startsWith('$')) {
    return {_id: document['_id'], ...update};
  }
  throw new CommandError(2, `the stand-in does not know ${first}`);
};

export const startMongoStandIn = async ({
  isReplicaSet,
}: {
  isReplicaSet: boolean;
}): Promise<MongoStandIn> => {
  const documents = new MongoDocuments();
  const transactions = new Map<string, Transaction>();
  const cursors = new Map<string, Document[]>();
  const sockets = new Set<Socket>();
  let cursorIds = 0;
  let fails: ((command: Document) => boolean) | undefined;

  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;

  const getSession = ({lsid}: Document): string =>
    lsid ? lsid['id'].toString('hex') : '';

  /** The transaction that a command is of. */
  const enter = (command: Document): Transaction | undefined => {
    if (command['autocommit'] !== false) {
      return undefined;
    }
    const isEnd = /^(commit|abort)/.test(Object.keys(command)[0]!);
    const isStart = !!command['startTransaction'];
    if (
      (command['writeConcern'] && !isEnd) ||
      (command['readConcern'] && !isStart) ||
      !isReplicaSet
    ) {
      throw new CommandError(72, 'InvalidOptions in a transaction');
    }
    const session = getSession(command);
    if (isStart) {
      const old = transactions.get(session);
      old && documents.abort(old);
      transactions.set(session, documents.begin());
    }
    const transaction = transactions.get(session);
    if (!transaction) {
      throw new CommandError(251, 'NoSuchTransaction', [
        'TransientTransactionError',
      ]);
    }
    return transaction;
  };

  const leave = (command: Document, isCommit: boolean): Document => {
    const transaction = enter(command)!;
    transactions.delete(getSession(command));
    isCommit ? documents.commit(transaction) : documents.abort(transaction);
    return {};
  };

  /** Writes one after the other; what fails by itself is told by its index. */
  const writeEach = (
    {ordered = true}: Document,
    writes: Document[],
    write: (one: Document, index: number) => void,
  ): Document => {
    const writeErrors: Document[] = [];
    for (const [index, one] of writes.entries()) {
      try {
        write(one, index);
      } catch (error) {
        if (!(error instanceof CommandError) || error.labels.length) {
          throw error;
        }
        const {code, message: errmsg} = error;
        writeErrors.push({index, code, errmsg});
        if (ordered) {
          break;
        }
      }
    }
    return writeErrors.length ? {writeErrors} : {};
  };

  const insert = (command: Document, {name, transaction}: Context) => {
    let n = 0;
    const errors = writeEach(command, command['documents'], (document) => {
      const key = toKey(document['_id']);
      if (documents.get(name, transaction).has(key)) {
        if (transaction) {
          documents.abort(transaction);
          transactions.delete(getSession(command));
        }
        throw new CommandError(11_000, 'E11000 duplicate key error');
      }
      documents.set([name, key], document, transaction);
      n++;
    });
    return {n, ...errors};
  };

  const update = (command: Document, {name, transaction}: Context) => {
    let n = 0;
    const upserted: Document[] = [];
    const errors = writeEach(command, command['updates'], (one, index) => {
      const {q, u, upsert} = one;
      const [found] = documents.find(name, q, transaction);
      if (!found && !upsert) {
        return;
      }
      const _id = found?.['_id'] ?? q['_id'];
      const changed = change(found ?? {_id}, u);
      documents.set([name, toKey(_id)], changed, transaction);
      found || upserted.push({index, _id});
      n++;
    });
    const nModified = n - upserted.length;
    return {n, nModified, ...(upserted.length ? {upserted} : {}), ...errors};
  };

  const remove = (command: Document, {name, transaction}: Context) => {
    let n = 0;
    const errors = writeEach(command, command['deletes'], ({q, limit}) => {
      const found = documents.find(name, q, transaction);
      for (const {_id} of limit ? found.slice(0, 1) : found) {
        documents.set([name, toKey(_id)], undefined, transaction);
        n++;
      }
    });
    return {n, ...errors};
  };

  const takeBatch = (
    id: number,
    [rest, size]: [Document[], number],
    [ns, batch]: [string, 'firstBatch' | 'nextBatch'],
  ): Document => {
    const taken = rest.splice(0, size);
    const isOver = !rest.length;
    isOver ? cursors.delete(`${id}`) : cursors.set(`${id}`, rest);
    return {
      cursor: {id: BSON.Long.fromNumber(isOver ? 0 : id), ns, [batch]: taken},
    };
  };

  const find = (command: Document, {name, transaction}: Context) => {
    const {filter = {}, projection, limit = 0, batchSize} = command;
    const found = documents
      .find(name, filter, transaction)
      .map((one) => (projection ? {_id: one['_id']} : one));
    const all = limit ? found.slice(0, limit) : found;
    return takeBatch(
      ++cursorIds,
      [all, batchSize ?? FIRST_BATCH],
      [name, 'firstBatch'],
    );
  };

  const getMore = (command: Document, {db}: Context) => {
    const id = Number(command['getMore']);
    const rest = cursors.get(`${id}`);
    if (!rest) {
      throw new CommandError(43, 'CursorNotFound');
    }
    const ns = `${db}.${command['collection']}`;
    return takeBatch(id, [rest, NEXT_BATCH], [ns, 'nextBatch']);
  };

  const hello = (): Document => ({
    helloOk: true,
    ismaster: true,
    isWritablePrimary: true,
    maxBsonObjectSize: 16 * 1024 * 1024,
    maxMessageSizeBytes: 48_000_000,
    maxWriteBatchSize: 100_000,
    localTime: new Date(),
    logicalSessionTimeoutMinutes: 30,
    minWireVersion: 0,
    maxWireVersion: 21,
    readOnly: false,
    ...(isReplicaSet
      ? {
          ...{setName: 'standin', setVersion: 1, secondary: false},
          ...{hosts: [address], primary: address, me: address},
        }
      : {}),
  });

  const commands: {
    [name: string]: (command: Document, context: Context) => Document;
  } = {
    ...{hello, ismaster: hello, isMaster: hello, insert, update, find, getMore},
    delete: remove,
    ping: () => ({}),
    endSessions: () => ({}),
    killCursors: () => ({}),
    create: (_, {name}) => {
      documents.get(name);
      return {};
    },
    createIndexes: () => ({}),
    dropDatabase: (_, {db}) => {
      documents.drop(db);
      return {};
    },
    commitTransaction: (command) => leave(command, true),
    abortTransaction: (command) => leave(command, false),
  };

  const run = (command: Document): Document => {
    const [verb, target] = Object.entries(command)[0]!;
    const db = String(command['$db'] ?? 'admin');
    try {
      if (fails?.(command)) {
        throw new CommandError(8_000, 'failed by the test');
      }
      const act = commands[verb];
      if (!act) {
        throw new CommandError(59, `the stand-in does not know ${verb}`);
      }
      const transaction = verb.endsWith('Transaction')
        ? undefined
        : enter(command);
      const name = `${db}.${String(target)}`;
      return {...act(command, {db, name, transaction}), ok: 1};
    } catch (error) {
      const {code = 1, labels = [], message} = error as Partial<CommandError>;
      return {
        ...{ok: 0, code, errmsg: message},
        ...(labels.length ? {errorLabels: labels} : {}),
      };
    }
  };

  const onCommand = ({command, answer}: WireCommand): void => {
    const result = run(command);
    // Not at once: other connections come between, as on a server.
    setImmediate(() => answer?.(result));
  };

  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    readCommands(socket, onCommand);
  });

  return {
    url: `mongodb://${address}/${isReplicaSet ? '?replicaSet=standin' : ''}`,
    failOn: (next) => {
      fails = next;
    },
    stop: () =>
      new Promise((resolve) => {
        sockets.forEach((socket) => socket.destroy());
        server.close(() => resolve());
      }),
  };
};
