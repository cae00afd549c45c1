import {HALVES, type Half} from './test-room.js';

/** Two clients' halves and their room's. */
export interface InteropPair {
  readonly title: string;
  readonly a: Half;
  readonly b: Half;
  readonly room: Half;
}

const createPair = (a: Half, b: Half, room: Half): InteropPair => ({
  title: `${a} and ${b} in a room of ${room}`,
  a,
  b,
  room,
});

const isOfPlatform = ({room}: InteropPair): boolean => HALVES.includes(room);

/** Every pair in which the two halves meet. */
export const INTEROP_PAIRS: readonly InteropPair[] = [
  createPair('tinybase', 'tinybase', 'ours'),
  createPair('ours', 'ours', 'tinybase'),
  createPair('ours', 'tinybase', 'ours'),
  createPair('tinybase', 'ours', 'ours'),
  createPair('ours', 'tinybase', 'tinybase'),
  createPair('tinybase', 'ours', 'tinybase'),
].filter(isOfPlatform);

/** Those in which they do not; the second is the yardstick. */
export const PURE_PAIRS: readonly InteropPair[] = [
  createPair('ours', 'ours', 'ours'),
  createPair('tinybase', 'tinybase', 'tinybase'),
].filter(isOfPlatform);
