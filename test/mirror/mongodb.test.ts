/** The MongoDB sink keeps its promise, on a server or on what stands in for it. */
import {randomUUID} from 'node:crypto';
import {type Document, MongoClient} from 'mongodb';
import {afterAll, beforeAll, describe} from 'vitest';
import {sinkContract} from '../../src/mirror/contract/index.js';
import {createMongoSink} from '../../src/mirror/mongodb/index.js';
import {
  createRandomName,
  getDatabaseUrl,
  isDatabaseMissing,
} from '../support/databases/servers.js';
import {testWhere} from '../support/test-where.js';
import {
  type MongoStandIn,
  startMongoStandIn,
} from '../support/databases/mongo-stand-in.js';

const serverUrl = getDatabaseUrl('mongodb');
const isMissing = serverUrl != null && (await isDatabaseMissing('mongodb'));

/** What a room without transactions cannot promise, and says so. */
const NOT_IN_STEPS = new Set([
  'is at one position for who reads while it is written',
  'writes nothing where a write fails',
]);

const WRITES = ['insert', 'update', 'delete'];

const describeSinks = (
  title: string,
  start: () => Promise<{url: string; standIn?: MongoStandIn}>,
  {isReplicaSet}: {isReplicaSet: boolean},
): void => {
  describe.skipIf(isMissing)(title, () => {
    let client: MongoClient;
    let standIn: MongoStandIn | undefined;
    const database = createRandomName();
    beforeAll(async () => {
      const started = await start();
      ({standIn} = started);
      client = new MongoClient(started.url);
      await client.connect();
    });
    afterAll(async () => {
      await client.db(database).dropDatabase();
      await client.close();
      await standIn?.stop();
    });

    for (const documentPer of ['room', 'row'] as const) {
      for (const history of [false, true]) {
        const name = `a document per ${documentPer}${history ? ', with history' : ''}`;
        describe(name, () => {
          const cases = sinkContract(
            () => {
              const collection = randomUUID();
              return {
                createSink: () =>
                  createMongoSink({
                    ...{db: client.db(database), collection},
                    ...{documentPer, history},
                  }),
                ...(standIn
                  ? {
                      breakNextWrite: () => {
                        const {failOn} = standIn!;
                        // The last write of all, so that others came before.
                        const fails = (command: Document): boolean => {
                          const [verb, target] = Object.entries(command)[0]!;
                          const isHit =
                            verb == 'commitTransaction' ||
                            (!isReplicaSet &&
                              WRITES.includes(verb) &&
                              target == collection);
                          if (isHit) {
                            failOn(undefined);
                          }
                          return isHit;
                        };
                        failOn(fails);
                      },
                    }
                  : {}),
              };
            },
            history ? {cells: 2_000, randomBatches: 60} : {},
          );
          for (const {name, run} of cases) {
            const isOfSteps =
              !isReplicaSet && documentPer == 'row' && NOT_IN_STEPS.has(name);
            // Nothing but one operation is to fail, of no transaction.
            const isOfOne =
              isReplicaSet &&
              documentPer == 'room' &&
              !history &&
              name == 'writes nothing where a write fails';
            testWhere(!isOfSteps && !isOfOne)(name, run);
          }
        });
      }
    }
  });
};

if (serverUrl == null) {
  process.stderr.write(
    '\nTESTS OF MONGODB ON A STAND-IN, NOT A LIVE SERVER: name one in MONGODB_URL.\n\n',
  );
  for (const isReplicaSet of [true, false]) {
    describeSinks(
      'MongoDB, on a stand-in, not a live server, ' +
        (isReplicaSet ? 'with transactions' : 'without transactions'),
      async () => {
        const standIn = await startMongoStandIn({isReplicaSet});
        return {url: standIn.url, standIn};
      },
      {isReplicaSet},
    );
  }
} else {
  const hello = isMissing ? {} : await askHello(serverUrl);
  describeSinks('MongoDB', async () => ({url: serverUrl}), {
    isReplicaSet: hello['setName'] != null || hello['msg'] == 'isdbgrid',
  });
}

async function askHello(url: string): Promise<Document> {
  const client = new MongoClient(url);
  try {
    return await client.db().command({hello: 1});
  } finally {
    await client.close();
  }
}
