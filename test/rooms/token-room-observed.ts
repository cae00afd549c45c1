import {loadStoreFromStorage} from '../../src/server/index.js';
import {observe} from './observed-room.js';
import TokenRoom from './token-room.js';

export default class extends observe(TokenRoom, loadStoreFromStorage) {
  static override onBeforeConnect = TokenRoom.onBeforeConnect as any;
  static override onBeforeRequest = TokenRoom.onBeforeRequest as any;
}
