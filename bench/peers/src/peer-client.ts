/** What a load generator needs of a peer's client, by the peer's own library. */
import type {PeerName} from '../peers.js';

export type Cell = string | number | boolean;
export type Rows = {[rowId: string]: {[cellId: string]: Cell}};

export type PeerClient = {
  /** Sets Cells, all in one transaction where the library has such. */
  setRows: (rows: Rows) => void;
  countRows: () => number;
  /** Goes offline, and keeps what it has. */
  leave: () => void;
  comeBack: () => void | Promise<void>;
};

export type ConnectOptions = {
  peer: PeerName;
  /** `127.0.0.1:PORT`. */
  host: string;
  /**
   * Called with the Cells that the library has applied because others changed
   * them, once for each of its transactions or messages.
   */
  onCells?: (cells: unknown[]) => void;
};

/** Resolves with a client that has what the room has. */
export type ConnectPeer = (options: ConnectOptions) => Promise<PeerClient>;

export const ROOM = 'room';
export const TABLE = 'items';
