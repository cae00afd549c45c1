import {rule} from './ruled-room.js';
import TinyBase from './tinybase.js';

export default class extends rule(TinyBase) {}
