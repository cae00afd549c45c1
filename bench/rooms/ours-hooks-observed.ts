import {observe} from '../../test/rooms/observed-room.js';
import {loadStoreFromStorage} from '../../src/server/index.js';
import OursHooks from './ours-hooks.js';

export default class extends observe(OursHooks, loadStoreFromStorage) {}
