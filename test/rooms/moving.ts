/** A room that moves, which has handlers of its own. */
import {
  loadStoreFromStorage,
  TinyBasePartyKitServer,
} from '../../src/server/index.js';
import {createForward, createMoveConfig} from './moving-bare.js';
import {observe} from './observed-room.js';

const Observed: typeof TinyBasePartyKitServer = observe(
  TinyBasePartyKitServer,
  loadStoreFromStorage,
);

export default class extends Observed {
  static onBeforeConnect = createForward('main');
  static onBeforeRequest = createForward('main');

  readonly config = createMoveConfig(this.party.env, 'main');

  /** It uses the Store before anybody has come. */
  onStart(): void {
    if (this.getStore().hasValue('starts')) {
      this.getStore().setValue('starts', (starts) => Number(starts) + 1);
    }
  }
}
