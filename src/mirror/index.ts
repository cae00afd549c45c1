export type {Changes, Content} from 'tinybase';
export {createMirror, type Mirror, type RoomStatus} from './create-mirror.js';
export type {MirrorOptions} from './mirror-options.js';
export type {HeadersGiven, RoomAddress} from './room-address.js';
export {RoomError} from './room-http.js';
export type {Written} from './room-sink.js';
export {
  type Batch,
  type Commit,
  createSink,
  type Position,
  type Sink,
  type SinkEdits,
  type SinkState,
  type TwoWaySink,
} from './sink.js';
export {getTouched, type Touched} from './touched.js';
export {decodeChanges, encodeChanges} from '../protocol/decoded-changes.js';
