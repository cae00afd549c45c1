/** As most apps have it: no hook, no handler, so no Store where none is needed. */
export {TinyBasePartyKitServer as default} from '../../src/server/index.js';
