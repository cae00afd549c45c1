/** MongoDB. */
import type {Sink} from '../../mirror/sink.js';
import {UsageError} from '../errors.js';
import {importDriver} from '../import-driver.js';
import {ownConnection, type SinkChoice} from './choice.js';

/** How long it is looked for a server before that is an error. */
const SELECTION_MS = 10_000;

export const openMongo = async (
  url: string,
  {history, tabular, twoWay, prefix, onError}: SinkChoice,
): Promise<Sink> => {
  if (twoWay) {
    throw new UsageError('--two-way goes with SQL databases alone.');
  }
  if (!/^[^/]*\/\/[^/]+\/[^/?]/.test(url)) {
    throw new UsageError(
      '--to names the database, too: mongodb://user:password@host/database.',
    );
  }
  const {MongoClient} = await importDriver(
    ['mongodb'],
    () => import('mongodb'),
  );
  const {createMongoSink} = await import('../../mirror/mongodb/index.js');
  const client = new MongoClient(
    url,
    // What the URL says comes first.
    /[?&]serverSelectionTimeoutMS=/i.test(url)
      ? {}
      : {serverSelectionTimeoutMS: SELECTION_MS},
  );
  client.on('error', onError);
  const sink = createMongoSink({
    db: client.db(),
    client,
    documentPer: tabular ? 'row' : 'room',
    history,
    ...(prefix === undefined ? {} : {collection: prefix}),
  });
  return ownConnection(sink, {
    // To be told at once where it is not there.
    connect: () => client.connect(),
    disconnect: () => client.close(),
  });
};
