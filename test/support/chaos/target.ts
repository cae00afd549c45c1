/** A sink as a chaos test has it: where it is, how it is troubled and read. */
import type {Content} from 'tinybase';
import type {Position} from '../../../src/mirror/sink.js';
import type {HistoryRow} from './history.js';
import type {Lane} from './lanes.js';
import type {Place} from './sinks.js';

export type Kept = Position & {
  content: Content;
  /** In order. */
  history: HistoryRow[];
};

export type ChaosTarget = {
  place: Place;
  /** What befalls the database. */
  lane: Omit<Lane, 'name' | 'atLeast'>;
  /** Where it is with a room; undefined where it does not know it. */
  getPosition(room: string): Promise<Position | undefined>;
  /** All that it has of a room, read without the code of its sink. */
  read(room: string): Promise<Kept>;
  close(): Promise<void>;
};
