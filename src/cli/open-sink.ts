/** The sink of a URL, its driver loaded where that is installed. */
import type {Sink} from '../mirror/sink.js';
import type {SinkKind, SinkUrl} from './sink-url.js';
import type {SinkChoice} from './sinks/choice.js';
import {openMongo} from './sinks/mongodb.js';
import {openRedis} from './sinks/redis.js';
import {openSql} from './sinks/sql.js';

const OPENERS: {
  [kind in SinkKind]: (url: string, choice: SinkChoice) => Promise<Sink>;
} = {sql: openSql, redis: openRedis, mongodb: openMongo};

/** @throws UsageError where the database does not have what is wanted of it. */
export const openSink = (
  {kind, url}: SinkUrl,
  choice: SinkChoice,
): Promise<Sink> => OPENERS[kind](url, choice);
