/** What Redis has of a room. */
import type {Cluster, Redis} from 'ioredis';
import type {Content} from 'tinybase';
import {unescapeName} from '../escape-name.js';
import type {Position, SinkState} from '../sink.js';
import type {ContentAs} from './guarded-write.js';
import type {RoomKeys} from './keys.js';

/** How often content is read again that was written meanwhile. */
const MAX_READS = 5;

type Transaction = ReturnType<Redis['multi']>;

/** The results of commands that are run at once; throws where one has failed. */
const runAtOnce = async (
  redis: Redis | Cluster,
  add: (transaction: Transaction) => void,
): Promise<any[]> => {
  const transaction = redis.multi();
  add(transaction);
  const results = await transaction.exec();
  if (!results) {
    throw new Error('Redis has not run what was read.');
  }
  return results.map(([error, result]) => {
    if (error) {
      throw error;
    }
    return result;
  });
};

type Fields = (string | null)[];

const addPosition = (transaction: Transaction, {position}: RoomKeys): unknown =>
  transaction.hmget(position, 'epoch', 'offset', 'contentAs');

/** The position, where the content there is in this form. */
const toPosition = (
  [epoch, offset, kept]: Fields,
  contentAs: ContentAs,
): Position | undefined =>
  epoch != null && offset != null && kept == contentAs
    ? {epoch, offset: Number(offset)}
    : undefined;

const readJson = async (
  redis: Redis | Cluster,
  keys: RoomKeys,
): Promise<SinkState | undefined> => {
  const [fields, json] = await runAtOnce(redis, (transaction) => {
    addPosition(transaction, keys);
    transaction.get(keys.content);
  });
  const position = toPosition(fields, 'json');
  return position && json != null
    ? {...position, content: JSON.parse(json)}
    : undefined;
};

const parseFields = (fields: {[name: string]: string}): any =>
  Object.fromEntries(
    Object.entries(fields).map(([name, json]) => [
      unescapeName(name),
      JSON.parse(json),
    ]),
  );

const readHashes = async (
  redis: Redis | Cluster,
  keys: RoomKeys,
): Promise<SinkState | undefined> => {
  let position: Position | undefined;
  for (let read = 0; read < MAX_READS; read++) {
    const tableIds = (await redis.smembers(keys.tables)).map(unescapeName);
    const [fields, names, values, ...tables] = await runAtOnce(
      redis,
      (transaction) => {
        addPosition(transaction, keys);
        transaction.smembers(keys.tables);
        transaction.hgetall(keys.values);
        tableIds.forEach((id) => transaction.hgetall(keys.getTable(id)));
      },
    );
    position = toPosition(fields, 'hashes');
    const found = new Set(names.map(unescapeName));
    if (!position) {
      return undefined;
    }
    if (
      found.size == tableIds.length &&
      tableIds.every((id) => found.has(id))
    ) {
      const content: Content = [
        Object.fromEntries(
          tableIds.map((id, index) => [id, parseFields(tables[index])]),
        ),
        parseFields(values),
      ];
      return {...position, content};
    }
  }
  // Tables come and go: who needs the content has to load it elsewhere.
  return position;
};

export const readRoom: {
  [contentAs in ContentAs]: (
    redis: Redis | Cluster,
    keys: RoomKeys,
  ) => Promise<SinkState | undefined>;
} = {json: readJson, hashes: readHashes};

/** Whether the room would be read. */
export const hasRoom = async (
  redis: Redis | Cluster,
  keys: RoomKeys,
  contentAs: ContentAs,
): Promise<boolean> => {
  const [fields, contents] = await runAtOnce(redis, (transaction) => {
    addPosition(transaction, keys);
    transaction.exists(keys.content);
  });
  return !!toPosition(fields, contentAs) && (contentAs != 'json' || !!contents);
};
