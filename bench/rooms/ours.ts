import {TinyBasePartyKitServer} from '../../src/server/index.js';

export default class extends TinyBasePartyKitServer {}
