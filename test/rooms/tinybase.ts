import {
  loadStoreFromStorage,
  TinyBasePartyKitServer,
} from 'tinybase/persisters/persister-partykit-server';
import {observe} from './observed-room.js';

export default class extends observe(
  TinyBasePartyKitServer,
  loadStoreFromStorage,
) {}
