export {sinkContract} from './sink-contract.js';
export type {SinkCase, SinkContractOptions, SinkStorage} from './types.js';
