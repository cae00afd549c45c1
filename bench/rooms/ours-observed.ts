import {
  loadStoreFromStorage,
  TinyBasePartyKitServer,
} from '../../src/server/index.js';
import {observe} from '../../test/rooms/observed-room.js';

export default class extends observe(
  TinyBasePartyKitServer,
  loadStoreFromStorage,
) {}
