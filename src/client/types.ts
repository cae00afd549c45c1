import type {PartySocket} from 'partysocket';
import type {Id} from 'tinybase';
import type {Persister} from 'tinybase/persisters';
import type {SyncState} from './session.js';

/** How the client reaches a room; must match the room's own configuration. */
export type PartyKitPersisterConfig = {
  /**
   * The protocol for the whole content. Defaults to that which the PartySocket
   * goes by: `https`, but `http` on localhost and in a local network.
   */
  storeProtocol?: 'http' | 'https';
  /** The path of the content below the room's URL; defaults to `/store`. */
  storePath?: string;
  /**
   * What the client's WebSocket messages begin with, to tell them from an app's
   * own; defaults to an empty string.
   */
  messagePrefix?: string;
  /**
   * How long the room may be silent before the client asks it for a sign of life,
   * and reconnects where there is none. Defaults to 45,000 milliseconds, so that a
   * connection that died unnoticed is renewed within a minute; 0 for never. Asking
   * wakes a sleeping room for a moment; a page that nobody looks at does not ask.
   */
  heartbeatMs?: number;
};

/** Told when the sync state, or how much is pending, has changed. */
export type SyncStateListener<Self = PartyKitPersister> = (
  persister: Self,
  state: SyncState,
  pendingCount: number,
) => void;

/** What a PartyKitPersister has beyond TinyBase's Persister. */
export interface PartyKitPersisterMethods {
  /** The PartySocket that the Store is persisted through. */
  getConnection(): PartySocket;

  /**
   * Whether all is sent and received: `offline` without a connection, `syncing`
   * while something is under way, `synced` when the room has answered all that is
   * to be saved and the client has applied all that it was told.
   */
  getSyncState(): SyncState;

  /** How many local transactions the room has not answered yet. */
  getPendingCount(): number;

  /**
   * Calls the listener when the sync state or the number of pending changes
   * moves, until `delListener` with the Id returned.
   */
  addSyncStateListener(listener: SyncStateListener<this>): Id;
}

/** A Persister of a regular Store to a PartyKit room. */
export interface PartyKitPersister
  extends Persister, PartyKitPersisterMethods {}
