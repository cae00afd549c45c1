import {
  loadStoreFromStorage,
  TinyBasePartyKitServer,
} from 'tinybase/persisters/persister-partykit-server';
import {observe} from '../../test/rooms/observed-room.js';

export default class extends observe(
  TinyBasePartyKitServer,
  loadStoreFromStorage,
) {}
