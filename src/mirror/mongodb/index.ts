export {createMongoSink, type MongoSinkOptions} from './create-mongo-sink.js';
export type {DocumentPer} from './documents.js';
