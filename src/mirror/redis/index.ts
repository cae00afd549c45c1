export {createRedisSink, type RedisSinkOptions} from './create-redis-sink.js';
export type {ContentAs} from './guarded-write.js';
export type {RedisMessage} from './tell-commits.js';
