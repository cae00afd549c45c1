import {
  loadStoreFromStorage,
  TinyBasePartyKitServer,
} from '../../src/server/index.js';
import {observe} from './observed-room.js';

export default class extends observe(
  TinyBasePartyKitServer,
  loadStoreFromStorage,
) {}
