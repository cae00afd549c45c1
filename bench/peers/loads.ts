/** What the load generators of peers are asked for, and what they print. */
import type {PumpOptions, StreamResult} from '../load/pump.js';
import type {PeerName} from './peers.js';

export type PeerStreamOptions = PumpOptions & {
  host: string;
  peer: PeerName;
  readers: number;
  /** How long it is quiet between the last client's joining and the load. */
  settleMs: number;
};

export type PeerStreamResult = StreamResult & {
  /** Changes that have not arrived seconds after the last one was made. */
  lost: number;
};

export type CatchUpOptions = {
  host: string;
  peer: PeerName;
  /** In Rows of ten. */
  cells: number;
  missed: number;
};

export type CatchUpResult = {
  /** Until the client has all Cells. */
  joinMs: number;
  /** Bytes to the client until it is quiet, HTTP and framing included. */
  joinBytes: number;
  /** Until the client has all that it missed. */
  backMs: number;
  backBytes: number;
  /** What the client sends for that. */
  backBytesUp: number;
};
