import Ours from './ours.js';
import {rule} from './ruled-room.js';

export default class extends rule(Ours) {}
