/** Where a room stands: one value, which is replaced as a whole. */
import type {WeightList} from './weights.js';

export type Head = {
  version: 1;
  epoch: string;
  /** The snapshot's offset, and the log's extent there. */
  offset: number;
  logged: number;
  taken: number;
  /** How many snapshots there have been: which of two places it has. */
  generation: number;
  /** The bytes of its segments. */
  bytes: number;
  weights: WeightList;
  /** From there on the log is complete. */
  tail: Tail;
  /** Where it may begin later, from `tail` on: not all of it is read for that. */
  marks: Tail[];
  clients: ClientsHead;
  /**
   * What is no longer needed but not deleted yet: an earlier snapshot and the
   * entries up to `tail`, or also what TinyBase's server half has stored.
   */
  leftovers?: 'ours' | 'legacy';
  /** Whose doing the first content was, where the room notes that. */
  author?: string;
};

/** An offset, and what the log has taken up there. */
export type Tail = {offset: number; logged: number};

/** The record of answered pushes: its offset, what is logged there, its pieces. */
export type ClientsHead = {
  offset: number;
  logged: number;
  bytes: number;
  pieces: number;
};
